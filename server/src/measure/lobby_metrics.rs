//! The figures of the lobby: sockets, messages and deliveries by endpoint, and refusals by reason.
//! The thread of the lobby counts, and any other thread may read. No figure names a person.

use std::sync::atomic::{AtomicU64, Ordering};

use bolide_lobby::Refusal;
use bolide_net::relay::Endpoint;

/// A kind of endpoint with sockets in the lobby.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EndpointKind {
    /// `/ws/`.
    Broadcast,
    /// `/ws/<name>/`.
    Users,
    /// `/room/<name>/`.
    Rooms,
    /// `/ws/<facility>?subscribe-…`.
    Topics,
    /// `/chat`.
    Chat,
}

/// The figures of the lobby.
#[derive(Debug, Default)]
pub(crate) struct LobbyMetrics {
    sockets: [AtomicU64; EndpointKind::ALL.len()],
    messages: [AtomicU64; EndpointKind::ALL.len()],
    deliveries: [AtomicU64; EndpointKind::ALL.len()],
    refused: [AtomicU64; Refusal::ALL.len()],
}

/// The figures of one kind of endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EndpointFigures {
    pub(crate) kind: EndpointKind,
    /// Sockets that are open.
    pub(crate) sockets: u64,
    /// Texts that arrived.
    pub(crate) messages: u64,
    /// Texts that were queued for a reader.
    pub(crate) deliveries: u64,
}

impl EndpointKind {
    pub(crate) const ALL: [EndpointKind; 5] = [
        EndpointKind::Broadcast,
        EndpointKind::Users,
        EndpointKind::Rooms,
        EndpointKind::Topics,
        EndpointKind::Chat,
    ];

    /// Returns the kind of an endpoint. The arena has no socket in the lobby and counts as chat.
    pub(crate) const fn of(endpoint: &Endpoint) -> EndpointKind {
        match endpoint {
            Endpoint::Broadcast => EndpointKind::Broadcast,
            Endpoint::User(_) => EndpointKind::Users,
            Endpoint::Room { .. } => EndpointKind::Rooms,
            Endpoint::Topic { .. } => EndpointKind::Topics,
            Endpoint::Chat(_) | Endpoint::Arena => EndpointKind::Chat,
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            EndpointKind::Broadcast => "broadcast",
            EndpointKind::Users => "users",
            EndpointKind::Rooms => "rooms",
            EndpointKind::Topics => "topics",
            EndpointKind::Chat => "chat",
        }
    }
}

impl LobbyMetrics {
    pub(crate) fn entered(&self, kind: EndpointKind) {
        add(&self.sockets[kind as usize]);
    }

    pub(crate) fn left(&self, kind: EndpointKind) {
        self.sockets[kind as usize].fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn message(&self, kind: EndpointKind) {
        add(&self.messages[kind as usize]);
    }

    pub(crate) fn delivered(&self, kind: EndpointKind) {
        add(&self.deliveries[kind as usize]);
    }

    pub(crate) fn refused(&self, why: Refusal) {
        add(&self.refused[why as usize]);
    }

    /// Returns the figures of all kinds of endpoints.
    pub(crate) fn endpoints(&self) -> impl Iterator<Item = EndpointFigures> + '_ {
        EndpointKind::ALL.into_iter().map(|kind| {
            let of = |figures: &[AtomicU64]| figures[kind as usize].load(Ordering::Relaxed);
            let (messages, deliveries) = (of(&self.messages), of(&self.deliveries));
            EndpointFigures { kind, sockets: of(&self.sockets), messages, deliveries }
        })
    }

    /// Returns the refusals by reason.
    pub(crate) fn refusals(&self) -> impl Iterator<Item = (Refusal, u64)> + '_ {
        let counted = Refusal::ALL.into_iter().zip(&self.refused);
        counted.map(|(why, count)| (why, count.load(Ordering::Relaxed)))
    }
}

fn add(figure: &AtomicU64) {
    figure.fetch_add(1, Ordering::Relaxed);
}
