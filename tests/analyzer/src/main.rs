//! rust-analyzer's view of tracked code: its diagnostics are those of the same code without the attribute, and each
//! name leads to its definition. (A name may lead to more places: where a type is written, the code generated for it is
//! at the same place.)

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::ExitCode;

use ra_ap_ide::{
    Analysis, AnalysisHost, AssistResolveStrategy, DiagnosticsConfig, FileId, FilePosition, GotoDefinitionConfig,
    TextSize,
};
use ra_ap_ide_db::ra_fixture::RaFixtureConfig;
use ra_ap_load_cargo::{LoadCargoConfig, ProcMacroServerChoice, load_workspace_at};
use ra_ap_project_model::{CargoConfig, CargoFeatures, RustLibSource};

/// Findings in the sample.
struct Found {
    diagnostics: BTreeSet<String>,
    /// By line and column of a name: where it leads.
    definitions: BTreeMap<(usize, usize), BTreeSet<String>>,
}

fn main() -> ExitCode {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample");
    let (plain, tracked) = (found(&sample, &[]), found(&sample, &["tracked".to_owned()]));
    println!("without: {} diagnostics, {} definitions", plain.diagnostics.len(), plain.definitions.len());
    println!("tracked: {} diagnostics, {} definitions", tracked.diagnostics.len(), tracked.definitions.len());
    let mut differ = 0_u32;
    for diagnostic in plain.diagnostics.symmetric_difference(&tracked.diagnostics) {
        let which = if plain.diagnostics.contains(diagnostic) { "lost" } else { "new" };
        println!("{which}: {diagnostic}");
        differ += 1;
    }
    let mut more = 0;
    for (place, leads_to) in &plain.definitions {
        let now = tracked.definitions.get(place);
        if now.is_none_or(|now| !now.is_superset(leads_to)) {
            println!("{}:{} leads to {leads_to:?}, tracked {now:?}", place.0, place.1);
            differ += 1;
        } else if now != Some(leads_to) {
            more += 1;
        }
    }
    println!("{more} names lead to more than before");
    // More than these would be in the way.
    differ += u32::from(more > plain.definitions.len() / 20);
    // The sample has one mistake: without it, nothing was looked at.
    if !plain.diagnostics.iter().any(|diagnostic| diagnostic.contains("no_such_method"))
        || plain.definitions.len() < 200
    {
        println!("rust-analyzer does not see the sample");
        differ += 1;
    }
    if differ == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn found(sample: &Path, features: &[String]) -> Found {
    let config = CargoConfig {
        sysroot: Some(RustLibSource::Discover),
        features: CargoFeatures::Selected { features: features.to_vec(), no_default_features: false },
        ..CargoConfig::default()
    };
    let load = LoadCargoConfig {
        load_out_dirs_from_check: true,
        with_proc_macro_server: ProcMacroServerChoice::Sysroot,
        prefill_caches: false,
        num_worker_threads: 2,
        proc_macro_processes: 1,
    };
    let (db, vfs, server) = load_workspace_at(sample, &config, &load, &|_| {}).expect("the sample loads");
    assert!(server.is_some(), "rustc has no server of procedural macros beside it");
    let (file, path) = vfs
        .iter()
        .find(|(_, path)| path.to_string().ends_with("analyzer/sample/src/lib.rs"))
        .expect("the sample's file");
    let text = std::fs::read_to_string(path.to_string()).expect("the sample's text");
    let analysis = AnalysisHost::with_database(db).analysis();
    Found { diagnostics: diagnostics(&analysis, file, &text), definitions: definitions(&analysis, file, &text) }
}

fn diagnostics(analysis: &Analysis, file: FileId, text: &str) -> BTreeSet<String> {
    let config = DiagnosticsConfig {
        proc_macros_enabled: true,
        proc_attr_macros_enabled: true,
        ..DiagnosticsConfig::test_sample()
    };
    let all = analysis.full_diagnostics(&config, AssistResolveStrategy::None, file).expect("nobody cancels");
    all.into_iter()
        .map(|diagnostic| {
            let (start, end) = (diagnostic.range.range.start().into(), diagnostic.range.range.end().into());
            let (line, column) = place(text, start);
            format!("{line}:{column} {:?} {} `{}`", diagnostic.code, diagnostic.message, &text[start..end])
        })
        // What the attribute stands in is inactive without it.
        .filter(|diagnostic| !diagnostic.contains("inactive"))
        .collect()
}

fn definitions(analysis: &Analysis, file: FileId, text: &str) -> BTreeMap<(usize, usize), BTreeSet<String>> {
    let config = GotoDefinitionConfig { ra_fixture: RaFixtureConfig::default() };
    let mut definitions = BTreeMap::new();
    let mut before = ' ';
    for (at, sign) in text.char_indices() {
        let begins = (sign.is_alphabetic() || sign == '_') && !(before.is_alphanumeric() || before == '_');
        before = sign;
        let (line, column) = place(text, at);
        // Of an `async fn` these lead to what the compiler makes of it.
        let is_keyword = ["async", "await"].iter().any(|keyword| text[at..].starts_with(keyword));
        if !begins
            || is_keyword
            || text.lines().nth(line - 1).is_some_and(|line| line.starts_with("#[") || line.starts_with("//"))
        {
            continue;
        }
        let position = FilePosition { file_id: file, offset: TextSize::try_from(at).expect("a short file") };
        let targets = analysis.goto_definition(position, &config).expect("nobody cancels");
        let targets: BTreeSet<String> = targets
            .into_iter()
            .flat_map(|targets| targets.info)
            .map(|target| {
                format!("{} in {:?} {:?}", target.name.as_str(), target.file_id, target.focus_or_full_range())
            })
            .collect();
        if !targets.is_empty() {
            definitions.insert((line, column), targets);
        }
    }
    definitions
}

/// Line and column of a byte, both from 1.
fn place(text: &str, at: usize) -> (usize, usize) {
    let before = &text[..at];
    (before.matches('\n').count() + 1, at - before.rfind('\n').map_or(0, |line| line + 1) + 1)
}
