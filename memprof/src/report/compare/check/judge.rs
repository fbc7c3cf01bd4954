//! Judgement of figures by rules.

use super::columns::{FigurePart, unit};
use super::data::{Checked, Judged, NotJudged};
use super::figures::{Accuracy, Amount, Subject, subjects};
use super::modes::differences;
use super::rule::FigureRule;
use super::rules::Rules;
use super::unmatched;
use crate::report::Report;
use crate::report::compare::pairs::{Pair, pairs};
use crate::report::compare::split::clamped;
use crate::size;
use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

/// Checks a report against a baseline of the same program: does a figure exceed its limit?
///
/// Exact figures alone are judged: a peak only if its limit lies outside its error, retained bytes and findings only if
/// they are no estimates. If a report says which figures repeated from run to run ([`Report::repeats`]), no others are.
/// No figure depends on time.
///
/// A function or test that one report lacks is not judged by a limit that needs both: a function that was renamed
/// breaks no rule by itself. The totals have its bytes.
///
/// A rule that judges nothing is a problem, and so are reports of different programs, allocators or settings: the check
/// has then not [passed](Checked::passed). Of the default rules one must judge something.
///
/// ```
/// use memprof::compare::{Rules, check};
/// use memprof::Report;
///
/// fn is_no_regression(baseline: &Report, new: &Report) -> Result<bool, memprof::compare::RuleError> {
///     let rules = Rules::parse(["*::search::*.self_allocated_bytes > +0.5%", "totals.peak_bytes > 64MiB"])?;
///     let checked = check(baseline, new, &rules);
///     checked.violations().for_each(|violation| eprintln!("{violation}"));
///     checked.problems.iter().for_each(|problem| eprintln!("{problem}"));
///     Ok(checked.passed())
/// }
/// # assert!(!is_no_regression(&Report::default(), &Report::default())?);
/// # Ok::<(), memprof::compare::RuleError>(())
/// ```
pub fn check(baseline: &Report, new: &Report, rules: &Rules) -> Checked {
    let problems = differences(baseline, new);
    if !problems.is_empty() {
        return Checked { problems, ..Checked::default() };
    }
    let both = Both::new(baseline, new);
    let mut checked = Checked::default();
    let mut default_judged = None;
    for rule in &rules.rules {
        let before = checked.judged.len();
        let is_matched = both.judge(rule, &mut checked);
        let judged = checked.judged.len() > before;
        if rule.is_default {
            default_judged = Some(default_judged.unwrap_or(false) || judged);
        } else if !judged {
            checked.problems.push(match is_matched {
                true => format!("`{}` judged nothing{}", rule.expression, reason(&checked.not_judged, rule)),
                false => unmatched::problem(rule, &both.subjects),
            });
        }
    }
    if default_judged == Some(false) {
        checked.problems.push(match checked.not_judged.len() {
            0 => "nothing to judge: the reports have no figures in common".to_owned(),
            most => format!("the default rules judged nothing: none of {} can be", size::plural(most as u64, "figure")),
        });
    }
    checked
}

/// The reason of the only figure of a rule, or how many there are.
fn reason(not_judged: &[NotJudged], rule: &FigureRule) -> String {
    let last = not_judged.last().map(|row| format!(": {} is {}", row.figure, row.reason));
    last.filter(|_| rule.subjects.name().is_none_or(|name| !name.is_wild())).unwrap_or_default()
}

/// The subjects of both reports.
struct Both<'r> {
    subjects: Vec<Subject<'r>>,
    pairs: Vec<Pair<Subject<'r>>>,
    /// Figures that repeated, of each report that says it.
    repeated: Vec<HashSet<&'r str>>,
}

impl<'r> Both<'r> {
    fn new(old: &'r Report, new: &'r Report) -> Self {
        let repeated = [old, new].into_iter().filter(|report| !report.repeats.is_empty());
        let repeated = repeated.map(|report| report.repeats.iter().map(String::as_str).collect()).collect();
        let (old, new) = (subjects(old), subjects(new));
        let several = names_of_several(&[&old, &new]);
        // A function that is alone with its name may move to another file.
        let file = |subject: &Subject<'r>| subject.place.map(|(file, _)| file);
        let key = |subject: Subject<'r>| {
            let id = (subject.part, subject.name);
            (id, file(&subject).filter(|_| several.contains(&id)))
        };
        let pairs = pairs(&old, &new, key);
        Self { subjects: old.into_iter().chain(new).collect(), pairs, repeated }
    }

    /// Judges the figures of a rule. False if there are none.
    fn judge(&self, rule: &FigureRule, checked: &mut Checked) -> bool {
        let least = rule.least(&self.subjects);
        let mut rows: Vec<Judged> = Vec::new();
        let mut is_matched = false;
        for (old, new) in &self.pairs {
            let Some(subject) = new.as_ref().or(old.as_ref()).filter(|subject| rule.is_about(subject, least)) else {
                continue;
            };
            is_matched = true;
            let figure = subject.part.figure(subject.name, &rule.column);
            let row = |old: Option<Amount>, new: Amount, is_violation| Judged {
                figure: figure.clone(),
                unit: unit(subject.part, &rule.column).to_owned(),
                file: subject.place.map(|(file, _)| file.replace('\\', "/")),
                line: subject.place.map(|(_, line)| line),
                limit: rule.limit.clone(),
                old: old.map(|old| clamped(old.value)),
                new: clamped(new.value),
                is_violation,
            };
            match self.verdict(rule, *old, *new, &figure) {
                Ok((old, new, is_violation)) => rows.push(row(old, new, is_violation)),
                Err(reason) => {
                    let row = NotJudged { figure, reason };
                    if !checked.not_judged.contains(&row) {
                        checked.not_judged.push(row);
                    }
                }
            }
        }
        rows.sort_by_key(|row| Reverse((row.is_violation, row.new.saturating_sub(row.old.unwrap_or(0)))));
        checked.judged.append(&mut rows);
        is_matched
    }

    /// The figure in both reports, and true if it exceeds the limit; or the reason why that cannot be said.
    fn verdict(
        &self,
        rule: &FigureRule,
        old: Option<Subject<'_>>,
        new: Option<Subject<'_>>,
        figure: &str,
    ) -> Result<(Option<Amount>, Amount, bool), String> {
        let amount = |subject: Subject<'_>| subject.amount(&rule.column).ok_or_else(|| "not known".to_owned());
        let new = new.ok_or("in the baseline alone").map(amount)??;
        let old = match (old, rule.is_relative()) {
            (None, true) => return Err("in the new report alone".to_owned()),
            // The baseline is shown, but nothing depends on it.
            (old, false) => old.and_then(|old| old.amount(&rule.column)),
            (Some(old), true) => Some(amount(old)?),
        };
        if self.repeated.iter().any(|repeated| !repeated.contains(figure)) {
            return Err("not the same in repeated runs".to_owned());
        }
        let bounds = |amount: Amount| amount.bounds().ok_or_else(|| estimate(amount));
        let (least, most) = bounds(new)?;
        let (old_least, old_most) = match old {
            Some(old) if rule.is_relative() => bounds(old)?,
            _ => (0, 0),
        };
        match (rule.is_exceeded(old_most, least), rule.is_exceeded(old_least, most)) {
            (true, _) => Ok((old, new, true)),
            (false, false) => Ok((old, new, false)),
            (false, true) => Err(unclear(old.filter(|_| rule.is_relative()), new)),
        }
    }
}

/// Names that more than one row of a report has.
fn names_of_several<'r>(reports: &[&[Subject<'r>]]) -> HashSet<(FigurePart, &'r str)> {
    let mut several = HashSet::new();
    for subjects in reports {
        let mut counts: HashMap<(FigurePart, &str), usize> = HashMap::new();
        for subject in *subjects {
            *counts.entry((subject.part, subject.name)).or_default() += 1;
        }
        several.extend(counts.into_iter().filter(|(_, count)| *count > 1).map(|(id, _)| id));
    }
    several
}

fn estimate(amount: Amount) -> String {
    match amount.error {
        Some(error) => format!("an estimate (± {})", size::bytes(error)),
        None if amount.accuracy == Accuracy::Bound => "not exact: several threads ran".to_owned(),
        None => "an estimate".to_owned(),
    }
}

fn unclear(old: Option<Amount>, new: Amount) -> String {
    let error = new.error.unwrap_or(0).saturating_add(old.and_then(|old| old.error).unwrap_or(0));
    match new.accuracy {
        Accuracy::Findings => format!("not certain: {} by estimates", size::plural(error, "finding")),
        _ => format!("not certain: the limit lies within the error (± {})", size::bytes(error)),
    }
}
