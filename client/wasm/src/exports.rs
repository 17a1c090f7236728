//! The C-ABI exports. One world per instance of the module; a browser has one thread.

use std::cell::RefCell;

use crate::scenario::Scenario;

thread_local! {
    static SCENARIO: RefCell<Option<Scenario>> = const { RefCell::new(None) };
}

/// How many modes there are.
#[unsafe(no_mangle)]
pub extern "C" fn scenario_modes() -> usize {
    Scenario::MODES
}

/// Begins a match of bots; 0 if there is no such mode.
#[unsafe(no_mangle)]
pub extern "C" fn scenario_begin(mode: usize, seed: u32) -> u32 {
    let scenario = Scenario::new(mode, seed);
    let begun = u32::from(scenario.is_some());
    SCENARIO.set(scenario);
    begun
}

/// Advances the match by one tick and returns its state hash; 0 if there is no match.
#[unsafe(no_mangle)]
pub extern "C" fn scenario_step() -> u64 {
    SCENARIO.with_borrow_mut(|scenario| scenario.as_mut().map_or(0, Scenario::step))
}

/// 1 once the match is over.
#[unsafe(no_mangle)]
pub extern "C" fn scenario_is_over() -> u32 {
    SCENARIO.with_borrow(|scenario| u32::from(scenario.as_ref().is_none_or(Scenario::is_over)))
}
