//! The signals that a profile catches, and the thread that serves them.

use super::background::Background;
#[cfg(windows)]
use super::exit;
use crate::config::Config;
#[cfg(windows)]
use crate::os::signals;
use crate::os::signals::Signal;

/// Catches the signals on which reports are written, and starts the profiler's own thread, if it has something to do.
pub(super) fn start(config: &Config, warnings: &mut Vec<String>) -> Option<Background> {
    let mut signals = caught(config, warnings);
    #[cfg(windows)]
    signals::on_event(exit::report_before_the_end);
    if cfg!(windows) {
        // The system starts a thread for each console event.
        signals.drain(..).for_each(|signal| {
            signal.catch();
        });
    }
    let writes_reports = config.reporting.every_seconds > 0 || config.limits.are_wanted();
    if !writes_reports && signals.is_empty() && !takes_readings(config) {
        return None;
    }
    match Background::start(config) {
        Ok(background) => {
            for &signal in &signals {
                signal.catch();
            }
            if signals.iter().any(|signal| signal.is_programs()) {
                background.start_now();
            }
            Some(background)
        }
        Err(error) => {
            warnings.push(format!(
                "memprof could not start its thread ({error}): signals, every_seconds and [limits] will write no report"
            ));
            None
        }
    }
}

/// True if the thread is started for readings over time alone: not if the configuration lists the signals that it is
/// for, and not if it would be a thread of the standard library, which allocates.
fn takes_readings(config: &Config) -> bool {
    cfg!(unix) && config.memory_profiling.track_allocations && config.memory_profiling.dump_on_signal.is_none()
}

/// True if a key asks for the thread: then a forked child has it, too.
pub(super) fn is_thread_asked_for(config: &Config) -> bool {
    let names = config.memory_profiling.dump_on_signal.as_ref();
    config.reporting.every_seconds > 0 || config.limits.are_wanted() || names.is_some_and(|names| !names.is_empty())
}

/// The signals on which reports are written.
fn caught(config: &Config, warnings: &mut Vec<String>) -> Vec<Signal> {
    let settings = &config.memory_profiling;
    let Some(names) = &settings.dump_on_signal else {
        // Signals that end the program, as `exit` does. Installed handlers are the program's own affair.
        let ends = ["SIGINT", "SIGTERM"].into_iter().filter(|_| settings.dump_on_exit).filter_map(Signal::named);
        return ends.filter(|signal| signal.has_default_action()).collect();
    };
    let named = named(names);
    if named.len() < names.len() {
        warnings.push(format!(
            "dump_on_signal = {names:?}: this system lacks some of these signals, which will not trigger a report"
        ));
    }
    let (ignored, rest) = named.into_iter().partition::<Vec<Signal>, _>(|signal| signal.is_ignored());
    warnings.extend(ignored.into_iter().map(Signal::name).map(|name| {
        format!("{name} was ignored when this process started (nohup?) and stays ignored: it will not trigger a report")
    }));
    rest
}

/// The signals of this system with these names.
pub(super) fn named(names: &[String]) -> Vec<Signal> {
    names.iter().filter_map(|name| Signal::named(name)).collect()
}
