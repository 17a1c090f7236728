//! The acts of the page: its moves, shots and blinks on their way to the room, and its claims.

use bolide_net::ClientMessage;
use bolide_net::limits::INPUT_LEAD_TICKS_MAX;
use bolide_sim::{Input, Tick};

use crate::frame::ClientEvent;
use crate::identity::Identities;
use crate::page::PageOutput;
use crate::place::Place;
use crate::seat::{Barrier, Seat};
use crate::writer::Attack;

impl Seat {
    /// Takes an event of the page.
    pub(crate) fn act(
        &mut self,
        event: &ClientEvent,
        identities: &Identities,
        tick: Tick,
        out: &mut PageOutput,
    ) {
        match *event {
            ClientEvent::MoveTo(to) => self.walk(to, tick, out),
            ClientEvent::Blink(to) => self.blink(to, tick, out),
            ClientEvent::ShootFireball { at, ball } => {
                let seq = self.fights().then(|| self.shoot(at, tick, out));
                self.claims.shot(ball, seq);
            }
            ClientEvent::Attack { victim, at, angle, damage, ball } => {
                let seat = identities.seat_of(victim);
                let index = seat
                    .and_then(|seat| self.index(seat))
                    .filter(|index| Some(*index) != self.own() && self.bodies[*index].is_alive);
                if let Some(index) = index
                    && self.claims.claim(ball, self.bodies[index].seat, tick)
                {
                    self.believe_claim(
                        index,
                        &Attack { at, angle, damage, ball: Some(ball) },
                        tick,
                    );
                }
            }
            // The page itself has handled these.
            ClientEvent::CreatePlayer { .. } | ClientEvent::Message { .. } => {}
        }
    }

    /// Takes a hit as the page has carried it out.
    fn believe_claim(&mut self, index: usize, attack: &Attack, tick: Tick) {
        let patience = self.patience();
        self.raises.retain(|raise| tick.since(raise.at) <= patience);
        let Attack { at, angle, damage, .. } = *attack;
        let body = &mut self.bodies[index];
        let raises = self.raises.iter().filter(|raise| raise.victim == body.seat);
        let raised = raises.map(|raise| raise.amount).sum();
        body.claimed(at, angle, damage, raised, &self.physics);
    }

    /// Passes on a walk. Before the fight the page walks alone. A walk that the page began before
    /// it saw a hit or a correction has ended there, and one during a push never begins.
    fn walk(&mut self, to: Place, tick: Tick, out: &mut PageOutput) {
        if self.fights() {
            if !self.is_behind() {
                self.is_own_doubtful = self.may_be_behind(tick);
                self.input(Input::Move(to.point()), None, None, out);
            }
        } else if let Some(own) = self.own() {
            self.bodies[own].walk(to);
        }
    }

    fn blink(&mut self, to: Place, tick: Tick, out: &mut PageOutput) {
        if self.fights() {
            self.has_blinked_blindly = self.is_behind();
            self.is_own_doubtful = self.may_be_behind(tick);
            let for_tick = ready_soon(self.truth.ready.blink, tick);
            self.input(Input::Blink(to.point()), for_tick, None, out);
        } else if let Some(own) = self.own() {
            self.bodies[own].blink(to, &self.physics);
        }
    }

    /// Passes on a shot, with the tick that the page saw. Returns the number of its input.
    fn shoot(&mut self, at: Place, tick: Tick, out: &mut PageOutput) -> u32 {
        let view = tick.0.saturating_sub(self.pings.round_trip() + SHOWN_LATE_TICKS);
        let for_tick = ready_soon(self.truth.ready.fireball, tick);
        self.input(Input::Shoot(at.point()), for_tick, Some(view), out)
    }

    pub(crate) fn input(
        &mut self,
        input: Input,
        for_tick: Option<u32>,
        view: Option<u32>,
        out: &mut PageOutput,
    ) -> u32 {
        let message = self.inputs.next(input, for_tick, view);
        out.to_room.push(ClientMessage::Input(message));
        message.seq
    }

    /// Returns whether the page's player takes part in a fight.
    fn fights(&self) -> bool {
        self.truth.is_fighting() && self.truth.alive(self.truth.seat).is_some()
    }

    /// Returns whether the page has not seen yet where its own player was put.
    fn is_behind(&self) -> bool {
        matches!(self.barrier, Barrier::Sent(_))
            || self.own().is_some_and(|own| self.bodies[own].is_unsettled)
    }

    /// Returns whether the page may still act without having seen it: a browser answers a ping at
    /// once, and the page reads frames between two pictures.
    fn may_be_behind(&self, tick: Tick) -> bool {
        matches!(self.barrier, Barrier::Answered(at) if tick <= at.next())
    }

    /// Takes the inputs that the rules refused. The page has carried them out.
    pub(crate) fn take_refusals(&mut self) {
        let own = self.own();
        for seq in std::mem::take(&mut self.truth.refused) {
            self.claims.refused(seq);
            if let (Some(Input::Blink(to)), Some(own)) = (self.inputs.refused(seq), own) {
                self.bodies[own].blink(to.into(), &self.physics);
            }
        }
    }
}

/// Ticks by which the page shows a walk late: it begins when the page is told of it, at the end of
/// the walk's first tick.
const SHOWN_LATE_TICKS: u32 = 1;

/// Returns the tick in which a cooldown ends, if that is so soon that the room holds an input until
/// then. The page counts its cooldowns by itself, and its frames may arrive closer together than
/// they were sent.
fn ready_soon(ready: u32, tick: Tick) -> Option<u32> {
    let next = tick.next().0;
    (next < ready && ready - next <= INPUT_LEAD_TICKS_MAX).then_some(ready)
}
