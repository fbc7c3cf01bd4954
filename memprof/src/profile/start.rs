//! The start of a profile, in steps. Each step takes the value of the one before it, so that none is left out or comes
//! early.
//!
//! ```text
//!    Loaded              the configuration, and its warnings
//!      │ claim
//!    Claimed             no other profile runs: every step from here on holds the lock
//!      │ switch ───────► Disabled ── switch_off ──► nothing is counted
//!    Enabled
//!      │ check_allocator
//!    AllocatorChecked    the inner allocator is known and has its options
//!      │ arm_handlers
//!    HandlersArmed       failed allocations, panics and the end of the process lead here
//!      │ prepare_engine
//!    EngineReady         memory for stacks, readings over time
//!      │ start_thread
//!    ThreadStarted       signals are caught
//!      │ identify
//!    Identified          the run's identity and time, the files under its names
//!      │ publish
//!    Published           reports can be made
//!      │ record
//!    live allocations are recorded
//! ```

use super::background::{self, Background};
use super::{IS_OFF, ReportingGuard, Running, exit, fork, listener, out_of_memory, output, panic_hook, running, warn};
use crate::collect::{self, AtStart, ReportMemory, Request};
use crate::config::{Config, Loaded};
use crate::os::clock::Anchor;
use crate::os::memory::pages;
use crate::os::process::fork_lock::LockGuard;
use crate::os::signals;
use crate::os::terminal::stderr;
use crate::report::files::run::{Run, random};
use crate::{Error, jemalloc, stack, tracker};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

/// Starts a profile of the program that the attribute describes. False: the configuration has `enabled = false`.
pub(super) fn start(loaded: Loaded, program: Described) -> Result<bool, Error> {
    tracker::note_profile();
    let scope = ReportingGuard::begin();
    let enabled = match Starting::claim(loaded)?.switch() {
        Switch::On(enabled) => enabled,
        Switch::Off(disabled) => {
            disabled.switch_off(scope);
            return Ok(false);
        }
    };
    let ready = enabled.check_allocator(program.allocator).arm_handlers().prepare_engine();
    ready.start_thread().identify(program.version).publish().record(scope);
    Ok(true)
}

/// Facts about the program that its source tells.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Described {
    /// The user's name of the inner allocator, if its type does not identify it.
    pub(super) allocator: Option<&'static str>,
    /// Version of the package.
    pub(super) version: Option<&'static str>,
}

/// A profile that is being started, and the step that it has reached.
struct Starting<Step> {
    /// The place of the profile that runs: empty, and locked.
    running: LockGuard<'static, Running>,
    config: Config,
    warnings: Vec<String>,
    step: Step,
}

/// No other profile runs.
struct Claimed;

/// The profile is enabled.
struct Enabled;

/// `enabled = false`: profiling is about to be switched off.
struct Disabled;

/// The value of `enabled`.
enum Switch {
    On(Starting<Enabled>),
    Off(Starting<Disabled>),
}

/// The inner allocator is known and has its options.
struct AllocatorChecked {
    allocator: ProgramAllocator,
}

/// The ends of the process, and its panics, lead to the profile.
struct HandlersArmed {
    allocator: ProgramAllocator,
}

/// There is memory for stacks, and readings over time are taken.
struct EngineReady {
    allocator: ProgramAllocator,
}

/// Signals are caught, and the profiler's thread runs or its start is deferred.
struct ThreadStarted {
    allocator: ProgramAllocator,
    background: Option<Background>,
}

/// The run has its identity, and the files that stood under its names are known.
struct Identified {
    running: LockGuard<'static, Running>,
    profile: Running,
}

/// Reports can be made.
struct Published {
    running: LockGuard<'static, Running>,
}

/// The program's allocator.
struct ProgramAllocator {
    /// True if memprof's is the global one.
    installed: bool,
    /// The name of the inner one.
    inner: String,
}

impl<Step> Starting<Step> {
    fn reach<Next>(self, next: impl FnOnce(Step) -> Next) -> Starting<Next> {
        let Self { running, config, warnings, step } = self;
        Starting { running, config, warnings, step: next(step) }
    }
}

impl Starting<Claimed> {
    /// Takes the place of the profile that runs.
    fn claim(loaded: Loaded) -> Result<Self, Error> {
        let running = running();
        if running.get().is_some() {
            return Err(Error::AlreadyRunning);
        }
        let Loaded { config, warnings, .. } = loaded;
        Ok(Self { running, config, warnings, step: Claimed })
    }

    /// Asks `enabled`.
    fn switch(self) -> Switch {
        if self.config.memory_profiling.enabled {
            Switch::On(self.reach(|Claimed| Enabled))
        } else {
            Switch::Off(self.reach(|Claimed| Disabled))
        }
    }
}

impl Starting<Disabled> {
    fn switch_off(self, scope: ReportingGuard) {
        let names = self.config.memory_profiling.dump_on_signal.as_deref().unwrap_or_default();
        signals::refuse(&listener::named(names));
        IS_OFF.store(true, Relaxed);
        drop((self.running, scope));
        tracker::disable();
    }
}

impl Starting<Enabled> {
    /// Finds out about the allocator, and applies the options of jemalloc.
    fn check_allocator(mut self, given: Option<&str>) -> Starting<AllocatorChecked> {
        let type_name = tracker::inner_name();
        let inner = type_name.map_or_else(|| "none".to_owned(), |type_name| inner_allocator(type_name, given));
        self.warnings.extend(jemalloc::apply(&self.config.jemalloc, &inner));
        let allocator = ProgramAllocator { installed: type_name.is_some(), inner };
        self.reach(|Enabled| AllocatorChecked { allocator })
    }
}

impl Starting<AllocatorChecked> {
    /// Registers what runs when an allocation fails, when a thread panics, and when the process ends.
    fn arm_handlers(mut self) -> Starting<HandlersArmed> {
        out_of_memory::abort_if(self.config.jemalloc.abort_on_oom);
        if self.step.allocator.installed {
            panic_hook::install();
        }
        if self.config.memory_profiling.dump_on_exit && !exit::arm() {
            self.warnings.push("no exit handler could be registered: a call of `exit` will write no report".to_owned());
        }
        #[cfg(windows)]
        crate::os::process::kept_loaded::pin();
        self.reach(|AllocatorChecked { allocator }| HandlersArmed { allocator })
    }
}

impl Starting<HandlersArmed> {
    /// Reserves memory for stacks, and enables readings over time.
    fn prepare_engine(mut self) -> Starting<EngineReady> {
        let settings = &self.config.memory_profiling;
        tracker::labels::limit_values(settings.max_label_values);
        let frames = if settings.track_allocations && settings.backtraces { settings.max_backtrace_frames } else { 0 };
        if !stack::prepare(frames, settings.max_tracked_allocations) {
            self.warnings
                .push("no memory for stacks: live allocations have none; lower max_tracked_allocations".to_owned());
        }
        collect::system::begin(&self.step.allocator.inner, settings.timeline_points > 0);
        background::begin_readings(&self.config, &mut self.warnings);
        self.reach(|HandlersArmed { allocator }| EngineReady { allocator })
    }
}

impl Starting<EngineReady> {
    /// Catches signals and starts the profiler's thread, here and, if a key asks for it, in forked children.
    fn start_thread(mut self) -> Starting<ThreadStarted> {
        let background = listener::start(&self.config, &mut self.warnings);
        fork::arm();
        fork::has_background(background.is_some() && listener::is_thread_asked_for(&self.config));
        self.reach(|EngineReady { allocator }| ThreadStarted { allocator, background })
    }
}

impl Starting<ThreadStarted> {
    /// Gives the run its identity and its time, and notes the files that stand under its names.
    fn identify(self, version: Option<&'static str>) -> Identified {
        IS_OFF.store(false, Relaxed);
        stderr::note();
        let Self { running, config, warnings, step: ThreadStarted { allocator, background } } = self;
        let request = Request {
            process: std::process::id(),
            run: Run::own(random()),
            config,
            warnings,
            installed: allocator.installed,
            inner: allocator.inner,
            version,
            // The loader lists the program first.
            build: stack::images().into_iter().next().and_then(|image| image.build_id),
            started: Anchor::now(),
            started_at: SystemTime::now(),
            at_start: OnceLock::new(),
            refused_at_start: OnceLock::new(),
            memory: Arc::new(ReportMemory::new()),
        };
        output::note(&request);
        Identified { running, profile: Running { request, background } }
    }
}

impl Identified {
    /// Makes it the profile that runs.
    fn publish(self) -> Published {
        let Self { mut running, profile } = self;
        running.put(profile);
        Published { running }
    }
}

impl Published {
    /// Begins to record live allocations, last: those from here on have a record.
    fn record(mut self, scope: ReportingGuard) {
        drop(scope);
        let Some(profile) = self.running.get() else { return };
        let at_start = AtStart { live: tracker::memory_stats(), not_recorded: collect::not_recorded() };
        let _ = profile.request.at_start.set(at_start);
        let settings = &profile.request.config.memory_profiling;
        let max = settings.max_tracked_allocations;
        let (interval, percent) = (settings.sample_interval_bytes as u64, settings.overhead_budget_percent as u64);
        if settings.track_allocations && !tracker::start_recording(max, interval, percent) {
            warn(
                &mut self.running,
                format!(
                    "no memory for a table of {max} allocations: live allocations are not recorded; lower max_tracked_allocations"
                ),
            );
        }
        self.serve();
        // Refusals up to here have their own warnings.
        let _ = self.running.get().map(|profile| profile.request.refused_at_start.set(pages::refused()));
    }
}

impl Published {
    /// Starts the server, if there is one.
    fn serve(&mut self) {
        let has_address = |profile: &Running| !profile.request.config.serve.serve_address.is_empty();
        // With the feature the program may mount the answers in a server of its own.
        if !cfg!(feature = "serve") && !self.running.get().is_some_and(has_address) {
            return;
        }
        let _scope = ReportingGuard::begin();
        let Some(config) = self.running.get().map(|profile| profile.request.config.clone()) else { return };
        #[cfg(feature = "serve")]
        let warning = crate::serve::begin(&config, super::served_report);
        #[cfg(not(feature = "serve"))]
        let warning = (!config.serve.serve_address.is_empty()).then(|| {
            "serve_address has no effect: the program was built without the feature `serve` of memprof".to_owned()
        });
        if let Some(warning) = warning {
            stderr::write_all(format!("memprof: {warning}\n").as_bytes());
            warn(&mut self.running, warning);
        }
    }
}

/// The name of the inner allocator: the user's, else its type.
fn inner_allocator(type_name: &str, given: Option<&str>) -> String {
    match (given, type_name) {
        (Some(given), _) => given.to_owned(),
        (None, "std::alloc::System") => "system".to_owned(),
        (None, name) if name.ends_with("jemallocator::Jemalloc") => jemalloc::NAME.to_owned(),
        (None, name) => name.to_owned(),
    }
}
