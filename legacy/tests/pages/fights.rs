//! Honest fights: models of the page play against each other over connections with a delay, at
//! different frame rates. Claims are confirmed, corrections are rare, and at rest every page shows
//! the truth.

use std::collections::VecDeque;

use bolide_sim::{Phase, Rules};

use crate::dice::Dice;
use crate::page_model::{ModelPlayer, OldPage, RuleSet, SET_A, SET_B};
use crate::shell::{Shell, mode};

/// A connection: it delivers in order, each way after half of the round trip and up to `jitter_ms`.
struct Line {
    to_page: VecDeque<(u64, Down)>,
    to_server: VecDeque<(u64, Up)>,
    delay_us: u64,
    jitter_us: u64,
    dice: Dice,
}

/// One write of the server: frames, then pings.
type Down = (Vec<String>, Vec<u32>);

enum Up {
    Frame(String),
    Pong(u32),
}

impl Line {
    fn arrival(&mut self, now_us: u64, last_us: Option<u64>) -> u64 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share")]
        let jitter_us = (self.dice.share() * self.jitter_us as f64) as u64;
        (now_us + self.delay_us + jitter_us).max(last_us.unwrap_or(0))
    }

    fn down(&mut self, now_us: u64, what: Down) {
        let last = self.to_page.back().map(|(at, _)| *at);
        let at = self.arrival(now_us, last);
        self.to_page.push_back((at, what));
    }

    fn up(&mut self, now_us: u64, what: Up) {
        let last = self.to_server.back().map(|(at, _)| *at);
        let at = self.arrival(now_us, last);
        self.to_server.push_back((at, what));
    }
}

fn due<T>(line: &mut VecDeque<(u64, T)>, now_us: u64) -> Option<T> {
    if line.front().is_some_and(|(at, _)| *at <= now_us) {
        line.pop_front().map(|(_, what)| what)
    } else {
        None
    }
}

/// A browser: a page at its frame rate, its connection, and its index in the shell.
struct Browser {
    model: OldPage,
    line: Line,
    /// Frames that the browser has, and the page has not read.
    unread: Vec<String>,
    frame_us: u64,
    index: usize,
}

struct Arena {
    shell: Shell,
    browsers: Vec<Browser>,
    set: RuleSet,
    conditions: Conditions,
    now_us: u64,
    dice: Dice,
    counts: Counts,
}

/// The connections and the frame rates.
#[derive(Clone, Copy, Debug)]
struct Conditions {
    is_slow: bool,
    round_trip_ms: u64,
    jitter_ms: u64,
    frame_hz: [u64; 3],
    seed: u64,
}

#[derive(Debug, Default)]
struct Counts {
    confirmed: u64,
    denied: u64,
    told: u64,
    ignored: u64,
    introduced: u64,
    settled: u64,
    corrected: u64,
    lives: u32,
    rests: u32,
    /// The largest distance between a page and the truth at rest, in units.
    worst: f64,
}

const STEP_US: u64 = 1_000;

impl Arena {
    fn new(conditions: Conditions) -> Arena {
        let mut arena = Arena {
            // A page claims hits on players that the server protects, which are never confirmed.
            shell: Shell::of(Rules { protection_s: 0.0, ..mode(conditions.is_slow) }),
            browsers: Vec::new(),
            set: if conditions.is_slow { SET_B } else { SET_A },
            conditions,
            now_us: 0,
            dice: Dice(conditions.seed),
            counts: Counts::default(),
        };
        for which in 0..3 {
            let browser = arena.browser(which);
            arena.browsers.push(browser);
        }
        arena
    }

    /// Opens a page.
    fn browser(&mut self, which: usize) -> Browser {
        let Conditions { round_trip_ms, jitter_ms, frame_hz, .. } = self.conditions;
        let index = self.shell.open();
        self.shell.pages[index].answers = false;
        self.dice.share();
        Browser {
            model: OldPage::new(self.set, self.dice.digits(), self.dice.0),
            line: Line {
                to_page: VecDeque::new(),
                to_server: VecDeque::new(),
                delay_us: round_trip_ms * 500,
                jitter_us: jitter_ms * 1_000,
                dice: Dice(self.dice.0 ^ 1),
            },
            unread: Vec::new(),
            frame_us: 1_000_000 / frame_hz[which],
            index,
        }
    }

    fn run(&mut self, seconds: u64) {
        let end = self.now_us + seconds * 1_000_000;
        let tick_us = 1_000_000 / u64::from(self.shell.room.config().mode.rules.tick_rate.hz());
        while self.now_us < end {
            self.now_us += STEP_US;
            let now = self.now_us;
            let passes = |period: u64| now / period != (now - STEP_US) / period;
            for browser in &mut self.browsers {
                while let Some(what) = due(&mut browser.line.to_server, now) {
                    match what {
                        Up::Frame(text) => {
                            self.shell.send(browser.index, &text).expect("an honest frame");
                        }
                        Up::Pong(nonce) => self.shell.pong(browser.index, nonce),
                    }
                }
            }
            if passes(tick_us) {
                self.shell.ticks(1);
            }
            for browser in &mut self.browsers {
                let frames = self.shell.heard(browser.index);
                let pings = std::mem::take(&mut self.shell.pages[browser.index].pings);
                if !frames.is_empty() || !pings.is_empty() {
                    browser.line.down(now, (frames, pings));
                }
                // The browser answers pings at once; the page reads between two pictures.
                while let Some((frames, pings)) = due(&mut browser.line.to_page, now) {
                    browser.unread.extend(frames);
                    pings.into_iter().for_each(|nonce| browser.line.up(now, Up::Pong(nonce)));
                }
                if passes(browser.frame_us) {
                    browser.unread.drain(..).for_each(|text| browser.model.hear(&text));
                    browser.model.frame(browser.frame_us as f64 / 1e6);
                }
                for text in std::mem::take(&mut browser.model.sent) {
                    browser.line.up(now, Up::Frame(text));
                }
            }
            self.reopen();
        }
    }

    /// Opens a new page for each whose game is over, as people do.
    fn reopen(&mut self) {
        for which in 0..self.browsers.len() {
            let Browser { model, index, .. } = &self.browsers[which];
            let (index, is_playing) = (*index, model.is_playing);
            let is_closed = self.shell.pages[index].is_closed;
            if !is_closed && !model.is_over() {
                continue;
            }
            self.add(index);
            if !is_closed {
                self.shell.leave(index);
            }
            self.counts.lives += 1;
            self.browsers[which] = self.browser(which);
            self.browsers[which].model.is_playing = is_playing;
        }
    }

    fn add(&mut self, index: usize) {
        let counts = self.shell.pages[index].page.counts();
        self.counts.confirmed += counts.claims.confirmed;
        self.counts.denied += counts.claims.denied;
        self.counts.told += counts.claims.told;
        self.counts.ignored += counts.claims.ignored;
        self.counts.introduced += counts.introduced;
        self.counts.settled += counts.settled;
        self.counts.corrected += counts.corrected;
    }

    /// Lets everybody stop, and compares each page with the truth.
    fn rest(&mut self) {
        for browser in &mut self.browsers {
            browser.model.is_playing = false;
        }
        self.run(8);
        let world = self.shell.room.world();
        if matches!(world.phase(), Phase::Fighting { .. }) {
            self.counts.rests += 1;
            for browser in &self.browsers {
                if browser.model.fights && !browser.model.is_over() {
                    self.counts.worst = self.counts.worst.max(difference(&self.shell, browser));
                }
            }
        }
        for browser in &mut self.browsers {
            browser.model.is_playing = true;
        }
    }
}

/// Returns the largest distance between the players of a page and the truth. The players are
/// recognised by their names, which are those of their pages.
fn difference(shell: &Shell, browser: &Browser) -> f64 {
    let world = shell.room.world();
    let alive: Vec<_> = world.players().iter().filter(|player| player.is_alive()).collect();
    let is_somebody = |shown: &&ModelPlayer| !shown.name.is_empty();
    let shown: Vec<_> = browser.model.players.iter().filter(is_somebody).collect();
    if shown.len() != alive.len() {
        println!("page {}: {shown:?}\n{alive:?}", browser.index);
        return 9.0;
    }
    let mut worst = 0f64;
    for player in &alive {
        let name = shell.name_of(player.id);
        let shown = shown.iter().find(|shown| shown.name == name).expect("shown");
        let at = player.at.to_vec2();
        worst = worst.max((f64::from(at.x) - shown.x).hypot(f64::from(at.y) - shown.y));
        let radius = f64::from(world.rules().radius(player.health));
        if (radius - shown.radius).abs() > 1e-6 {
            println!("page {}: {shown:?}\n{player:?}", browser.index);
            return 8.0;
        }
    }
    worst
}

/// Plays for some minutes, with a rest after each 12 s.
fn play(conditions: Conditions, minutes: u64) -> Counts {
    let mut arena = Arena::new(conditions);
    for _ in 0..minutes * 3 {
        arena.run(12);
        arena.rest();
    }
    for browser in 0..arena.browsers.len() {
        arena.add(arena.browsers[browser].index);
    }
    let counts = arena.counts;
    let share = counts.confirmed as f64 / (counts.confirmed + counts.denied).max(1) as f64;
    let per_minute = counts.corrected as f64 / (3 * minutes) as f64;
    println!(
        "{conditions:?}: {:.1} % of claims confirmed, {per_minute:.2} corrections a page and \
         minute; {counts:?}",
        100.0 * share
    );
    counts
}

/// Plays, and checks what must hold: at rest every page shows the truth, most claims are confirmed,
/// and a page is seldom put right.
fn check(is_slow: bool, round_trip_ms: u64, jitter_ms: u64, frame_hz: [u64; 3]) {
    let conditions = Conditions { is_slow, round_trip_ms, jitter_ms, frame_hz, seed: 7 };
    let counts = play(conditions, MINUTES);
    assert!(counts.rests > 0 && counts.worst < AT_REST, "{conditions:?} {counts:?}");
    assert_eq!(counts.ignored, 0, "{conditions:?}");
    let claims = counts.confirmed + counts.denied;
    assert!(counts.confirmed * 100 > claims * 75, "{conditions:?} {counts:?}");
    assert!(counts.corrected < 3 * MINUTES * CORRECTED_MAX, "{conditions:?} {counts:?}");
}

/// Minutes of each fight.
const MINUTES: u64 = 6;
/// The largest distance at rest: what is not visible, and as far as a player walks in 50 ms.
const AT_REST: f64 = 0.035;
/// Corrections of one page in a minute.
const CORRECTED_MAX: u64 = 8;

#[test]
fn fast_fights_on_one_machine() {
    check(false, 0, 0, [60, 60, 60]);
}
#[test]
fn fast_fights_at_50_ms() {
    check(false, 50, 10, [60, 60, 60]);
}
#[test]
fn fast_fights_at_150_ms() {
    check(false, 150, 30, [60, 60, 60]);
}
#[test]
fn mixed_fast_fights_on_one_machine() {
    check(false, 0, 0, [30, 60, 144]);
}
#[test]
fn mixed_fast_fights_at_150_ms() {
    check(false, 150, 30, [30, 60, 144]);
}
#[test]
fn slow_fights_on_one_machine() {
    check(true, 0, 0, [60, 60, 60]);
}
#[test]
fn slow_fights_at_150_ms() {
    check(true, 150, 30, [30, 60, 144]);
}
