//! Decides when a player whose connection was lost tries again. Like the page, it uses random
//! pauses that grow, and obeys the close code. It opens no connection itself.

use std::time::Duration;

use bolide_net::CloseCode;

use super::lost::Lost;

/// The first pause, before half of it is made random.
const FIRST_MS: f32 = 500.0;

/// The longest pause. It is below the 10 s for which a recovered match waits for its players.
const LONGEST_MS: f32 = 8_000.0;

/// Returns the pause before the next attempt, or `None` if there is no seat to resume. `attempt`
/// counts the failed attempts since the connection was lost. `chance` is from 0 to 1.
pub(crate) fn pause(lost: &Lost, attempt: u32, chance: f32) -> Option<Duration> {
    let doubled = FIRST_MS * 2.0_f32.powi(attempt.min(10).cast_signed());
    let backoff_ms = doubled.min(LONGEST_MS) * (0.5 + 0.5 * chance);
    let told_ms = match lost {
        Lost::Closed { code, reason } => told_ms(*code, reason, chance)?,
        Lost::NotSeated { code, .. } if code == "bad_resume" => return None,
        Lost::NotSeated { .. } => 5_000.0,
        _ => 0.0,
    };
    Some(Duration::from_secs_f32(backoff_ms.max(told_ms) / 1000.0))
}

/// Returns the shortest pause that a close code allows, or `None` if the player must not come back.
fn told_ms(code: u16, reason: &str, chance: f32) -> Option<f32> {
    const NORMAL: u16 = CloseCode::Normal.code();
    const PROTOCOL: u16 = CloseCode::Protocol.code();
    const WRONG_KIND: u16 = CloseCode::WrongFrameKind.code();
    const BAD_UTF8: u16 = CloseCode::BadUtf8.code();
    const POLICY: u16 = CloseCode::Policy.code();
    const TOO_BIG: u16 = CloseCode::TooBig.code();
    const BAD_TOKEN: u16 = CloseCode::BadToken.code();
    const VERSION: u16 = CloseCode::Version.code();
    const REPLACED: u16 = CloseCode::Replaced.code();
    const INVALID: u16 = CloseCode::InvalidMessage.code();
    const IDLE: u16 = CloseCode::Idle.code();
    const RESTARTING: u16 = CloseCode::Restarting.code();
    const TRY_LATER: u16 = CloseCode::TryLater.code();
    const RATE: u16 = CloseCode::Rate.code();
    match code {
        NORMAL | PROTOCOL | WRONG_KIND | BAD_UTF8 | POLICY | TOO_BIG | BAD_TOKEN | VERSION
        | REPLACED | INVALID | IDLE => None,
        RESTARTING => {
            Some(bolide_net::back_in_ms(reason).map_or(500.0 + 2500.0 * chance, f32::from))
        }
        TRY_LATER | RATE => Some(5_000.0),
        _ => Some(0.0),
    }
}

#[cfg(test)]
mod tests {
    use super::pause;
    use crate::lost::Lost;

    fn check(lost: &Lost, attempt: u32, expect: Option<(u128, u128)>) {
        let pause_ms = |chance| pause(lost, attempt, chance).map(|pause| pause.as_millis());
        assert_eq!(pause_ms(0.0).zip(pause_ms(1.0)), expect, "{lost:?} {attempt}");
    }

    fn closed(code: u16, reason: &str) -> Lost {
        Lost::Closed { code, reason: reason.to_owned() }
    }

    #[test]
    fn pauses_grow_are_random_and_follow_the_close_code() {
        check(&Lost::Ended, 0, Some((250, 500)));
        check(&Lost::Ended, 1, Some((500, 1000)));
        check(&Lost::Ended, 99, Some((4000, 8000)));
        check(&closed(1012, "the server restarts; back in 1700 ms"), 0, Some((1700, 1700)));
        check(&closed(1012, "the room begins again"), 0, Some((500, 3000)));
        check(&closed(1013, ""), 0, Some((5000, 5000)));
        check(&closed(4010, ""), 0, Some((250, 500)));
        check(&closed(4009, ""), 0, None);
        let not_seated =
            |code: &str| Lost::NotSeated { code: code.to_owned(), text: String::new() };
        check(&not_seated("bad_resume"), 0, None);
        check(&not_seated("server_full"), 0, Some((5000, 5000)));
    }
}
