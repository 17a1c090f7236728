//! Geometry: the grid of places, contact of moving circles, and the search for neighbours. It knows
//! nothing of the game.

pub(crate) mod broadphase;
pub(crate) mod point;
pub(crate) mod sweep;

/// Returns the whole part. Negative values and NaN become 0.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "float to int casts saturate"
)]
pub(crate) const fn whole(value: f32) -> usize {
    value as usize
}
