//! An arena in virtual time: pages in browsers that draw at their own rate, each over a connection
//! of its own, and the room on its ticks.

use bolide_room::Stage;

use crate::dice::Dice;
use crate::line::{Line, Up};
use crate::page_model::{ModelPlayer, OldPage, SET_A, SET_B};
use crate::shell::{Shell, mode};

/// The connections of a fight, and its pages.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Conditions {
    /// True for set B.
    pub(crate) is_slow: bool,
    pub(crate) round_trip_ms: u64,
    pub(crate) jitter_ms: u64,
    /// The pictures that the pages draw in a second, page after page and again.
    pub(crate) frame_hz: [u64; 3],
}

/// A browser: a page at its frame rate, its connection, and its index in the shell.
pub(crate) struct Browser {
    pub(crate) model: OldPage,
    pub(crate) index: usize,
    line: Line,
    /// Frames that the browser has, and the page has not read.
    unread: Vec<String>,
    frame_us: u64,
    next_frame_us: u64,
    last_frame_us: u64,
    /// True if the tab is hidden. It reads and answers, and draws nothing.
    pub(crate) is_asleep: bool,
}

pub(crate) struct Arena {
    pub(crate) shell: Shell,
    pub(crate) browsers: Vec<Browser>,
    conditions: Conditions,
    now_us: u64,
    dice: Dice,
}

const STEP_US: u64 = 1_000;

impl Arena {
    pub(crate) fn new(conditions: Conditions, seed: u64) -> Arena {
        Arena {
            shell: Shell::of(mode(conditions.is_slow)),
            browsers: Vec::new(),
            conditions,
            now_us: 0,
            dice: Dice::of(seed),
        }
    }

    /// Opens a page.
    pub(crate) fn open(&mut self) {
        let Conditions { is_slow, round_trip_ms, jitter_ms, frame_hz } = self.conditions;
        let index = self.shell.open();
        self.shell.pages[index].answers = false;
        let set = if is_slow { SET_B } else { SET_A };
        let digits = self.dice.digits();
        let frame_us = 1_000_000 / frame_hz[self.browsers.len() % frame_hz.len()];
        let phase = self.dice.below(usize::try_from(frame_us).expect("a second at most"));
        let model = OldPage::new(set, digits, self.dice.fork());
        self.browsers.push(Browser {
            model,
            index,
            line: Line::new(round_trip_ms, jitter_ms, self.dice.fork()),
            unread: Vec::new(),
            frame_us,
            next_frame_us: self.now_us + phase as u64,
            last_frame_us: self.now_us,
            is_asleep: false,
        });
    }

    /// Advances the time.
    pub(crate) fn run(&mut self, ms: u64) {
        let end = self.now_us + ms * 1_000;
        let tick_us = 1_000_000 / u64::from(self.shell.room.config().mode.rules.tick_rate.hz());
        while self.now_us < end {
            self.now_us += STEP_US;
            let now = self.now_us;
            for browser in &mut self.browsers {
                browser.reach_server(now, &mut self.shell);
            }
            if now / tick_us != (now - STEP_US) / tick_us {
                self.shell.ticks(1);
            }
            for browser in &mut self.browsers {
                browser.draw(now, &mut self.shell);
            }
        }
    }

    /// Lets people play, or do nothing.
    pub(crate) fn let_play(&mut self, is_playing: bool) {
        for browser in &mut self.browsers {
            browser.model.is_playing = is_playing;
        }
    }

    /// Returns the pages whose players are in the fight.
    pub(crate) fn playing(&self) -> impl Iterator<Item = &Browser> {
        self.browsers.iter().filter(|browser| browser.model.fights && !browser.model.is_over())
    }

    /// Returns whether the fight goes on between two at least.
    pub(crate) fn is_fight(&self) -> bool {
        self.shell.room.status().stage == Stage::Running && self.playing().count() > 1
    }
}

impl Browser {
    fn reach_server(&mut self, now_us: u64, shell: &mut Shell) {
        while let Some(what) = self.line.at_server(now_us) {
            match what {
                Up::Frame(text) => shell.send(self.index, &text).expect("an honest frame"),
                Up::Pong(nonce) => shell.pong(self.index, nonce),
            }
        }
    }

    /// Reads and draws. The browser answers pings at once; the page reads between two pictures.
    fn draw(&mut self, now_us: u64, shell: &mut Shell) {
        let frames = shell.heard(self.index);
        let pings = std::mem::take(&mut shell.pages[self.index].pings);
        if !frames.is_empty() || !pings.is_empty() {
            self.line.down(now_us, (frames, pings));
        }
        while let Some((frames, pings)) = self.line.at_page(now_us) {
            self.unread.extend(frames);
            pings.into_iter().for_each(|nonce| self.line.up(now_us, Up::Pong(nonce)));
        }
        if self.is_asleep {
            self.unread.drain(..).for_each(|text| self.model.hear(&text));
        } else if now_us >= self.next_frame_us {
            self.next_frame_us = now_us.max(self.next_frame_us + self.frame_us);
            self.unread.drain(..).for_each(|text| self.model.hear(&text));
            self.model.frame((now_us - self.last_frame_us) as f64 / 1e6);
            self.last_frame_us = now_us;
        }
        for text in std::mem::take(&mut self.model.sent) {
            self.line.up(now_us, Up::Frame(text));
        }
    }

    /// Returns the largest distance between the players on the page and in the truth, in units. The
    /// players are recognised by their names, which are those of their pages.
    ///
    /// # Errors
    /// The page shows other players than there are, or another number of hits.
    pub(crate) fn difference(&self, shell: &Shell) -> Result<f64, String> {
        let world = shell.room.world();
        let alive: Vec<_> = world.players().iter().filter(|player| player.is_alive()).collect();
        let is_somebody = |shown: &&ModelPlayer| !shown.name.is_empty();
        let shown: Vec<_> = self.model.players.iter().filter(is_somebody).collect();
        if shown.len() != alive.len() {
            return Err(format!("page {} shows {shown:?}; true is {alive:?}", self.index));
        }
        let mut worst = 0f64;
        for player in &alive {
            let name = shell.name_of(player.id);
            let shown = shown.iter().find(|shown| shown.name == name);
            let shown = shown.ok_or_else(|| format!("page {} lacks {name}", self.index))?;
            let at = player.at.to_vec2();
            worst = worst.max((f64::from(at.x) - shown.x).hypot(f64::from(at.y) - shown.y));
            let radius = f64::from(world.rules().radius(player.health));
            if (radius - shown.radius).abs() > 1e-6 {
                return Err(format!("page {} shows {shown:?}; true is {player:?}", self.index));
            }
        }
        Ok(worst)
    }
}
