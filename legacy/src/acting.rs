//! The acts of the page: its moves, shots and blinks on their way to the room, and its claims.

use bolide_net::ClientMessage;
use bolide_net::limits::INPUT_LEAD_TICKS_MAX;
use bolide_sim::{Input, Tick};

use crate::frame::ClientEvent;
use crate::identity::Identities;
use crate::page::PageOutput;
use crate::place::Place;
use crate::seat::Seat;

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
            ClientEvent::MoveTo(to) => self.walk(to, out),
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
                    self.bodies[index].attacked(at, angle, damage, &self.physics);
                }
            }
            // The page itself has handled these.
            ClientEvent::CreatePlayer { .. } | ClientEvent::Message { .. } => {}
        }
    }

    /// Passes on a walk. Before the fight the page walks alone. A walk that the page began before
    /// it saw a hit or a correction has ended there, and one during a push never begins.
    fn walk(&mut self, to: Place, out: &mut PageOutput) {
        if self.fights() {
            if !self.is_behind() {
                self.input(Input::Move(to.point()), None, None, out);
            }
        } else if let Some(own) = self.own() {
            self.bodies[own].walk(to);
        }
    }

    fn blink(&mut self, to: Place, tick: Tick, out: &mut PageOutput) {
        if self.fights() {
            self.has_blinked_blindly = self.is_behind();
            let for_tick = ready_soon(self.truth.ready.blink, tick);
            self.input(Input::Blink(to.point()), for_tick, None, out);
        } else if let Some(own) = self.own() {
            self.bodies[own].blink(to, &self.physics);
        }
    }

    /// Passes on a shot, with the tick that the page saw. Returns the number of its input.
    fn shoot(&mut self, at: Place, tick: Tick, out: &mut PageOutput) -> u32 {
        let view = tick.0.saturating_sub(self.pings.round_trip());
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
        self.barrier.is_some_and(|ping| !self.pings.is_answered(ping))
            || self.own().is_some_and(|own| self.bodies[own].is_unsettled)
    }

    /// Takes the inputs that the rules refused. The page has carried them out.
    pub(crate) fn take_refusals(&mut self) {
        let own = self.own();
        for seq in std::mem::take(&mut self.truth.refused) {
            let input = self.inputs.refused(seq);
            self.claims.refused(seq);
            let Some(body) = own.map(|own| &mut self.bodies[own]) else { continue };
            match input {
                Some(Input::Move(to)) => body.walk(to.into()),
                Some(Input::Blink(to)) => body.blink(to.into(), &self.physics),
                Some(Input::Shoot(_) | Input::Stop) | None => {}
            }
        }
    }
}

/// Returns the tick in which a cooldown ends, if that is so soon that the room holds an input until
/// then. The page counts its cooldowns by itself, and its frames may arrive closer together than
/// they were sent.
fn ready_soon(ready: u32, tick: Tick) -> Option<u32> {
    let next = tick.next().0;
    (next < ready && ready - next <= INPUT_LEAD_TICKS_MAX).then_some(ready)
}
