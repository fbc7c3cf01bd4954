//! The rules on reports made by hand, and on the golden one.

use super::of;
use crate::report::data::{Finding, Report};
use crate::report::golden;

fn kinds(findings: &[Finding]) -> Vec<&str> {
    findings.iter().map(|finding| finding.kind.as_str()).collect()
}

#[test]
fn the_golden_report_has_the_findings_that_its_figures_give() {
    let mut report = golden::report();
    let findings = of(&report);
    let stands = std::mem::replace(&mut report.findings, findings);
    golden::bless(&report);
    assert_eq!(report.findings, stands, "{:#?}", report.findings);
}

#[test]
fn a_program_without_the_allocator_has_one_finding() {
    let findings = of(&Report::default());
    assert_eq!(kinds(&findings), ["not_installed"]);
    assert!(findings[0].title.contains("#[global_allocator]"), "{findings:?}");
}
