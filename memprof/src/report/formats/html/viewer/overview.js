// The first screen: the program, its totals and the findings.

/** Findings that are shown at first. */
const FINDINGS = 6;

/**
 * @param {Report} report
 * @returns {HTMLElement}
 */
function overview(report) {
	const { totals, os, program, allocator, live, merged } = report;
	const about = [
		program.final === false ? "still running" : null,
		program.host ? `on ${program.host}` : null,
		merged ? `${merged.reports} reports` : `process ${program.pid}`,
		program.started_at ? `started ${program.started_at.replace("T", " ").replace(/\.\d+Z$|Z$/, " UTC")}` : null,
		`ran ${duration(program.duration_seconds)}`,
		allocator.inner ? `allocator ${allocator.inner}` : null,
	].filter((part) => part !== null);
	return el(
		"section",
		{ id: "overview", "aria-label": "Overview" },
		el(
			"h1",
			null,
			bdi(program.name || "program"),
			program.args.length ? el("span", { class: "args" }, " ", bdi(program.args.join(" "))) : null,
		),
		el("p", { class: "quiet" }, bdi(about.join(" · "))),
		allocator.installed
			? null
			: missing(
					"memprof's allocator is not installed, so nothing was counted: put ",
					el("code", { text: "#[memprof::main]" }),
					" on main, or declare it with ",
					el("code", { text: "#[global_allocator]" }),
					".",
				),
		allocator.installed && totals.allocated_bytes === 0
			? missing("The program allocated 0 bytes while it was profiled.")
			: null,
		live.exact || live.estimated_bytes === null
			? null
			: el(
					"p",
					{ class: "note" },
					`Live memory is an estimate from a sample (${live.sampled_because ?? "not every block has a record"}); ± is one standard error. Allocated, net and peak figures are exact.`,
				),
		el(
			"div",
			{ class: "cards" },
			card(
				"Peak",
				bytes(totals.peak_bytes),
				merged
					? "of one process"
					: totals.peak_error_bytes
						? `heap, correct to ${bytes(totals.peak_error_bytes)}`
						: "heap",
				"main",
			),
			card(
				program.final === false ? "Live now" : "Live at the end",
				bytes(totals.net_bytes),
				`${plural(totals.net_count, "block")}`,
				"",
			),
			card("Allocated", bytes(totals.allocated_bytes), plural(totals.allocated_count, "block"), ""),
			card("Copied by growing", bytes(totals.copied_bytes), plural(totals.reallocated_count, "reallocation"), ""),
			card(
				"Resident (RSS)",
				bytes(os.rss_bytes),
				os.peak_rss_bytes ? `at most ${bytes(os.peak_rss_bytes)}` : "not known here",
				"",
			),
		),
		resident(report),
		findings(report),
	);
}

/**
 * RSS, taken apart.
 * @param {Report} report
 */
function resident(report) {
	const { os, totals, allocator, overhead } = report;
	if (os.rss_bytes === null || os.rss_bytes < totals.net_bytes || !allocator.installed) return null;
	const heap = Math.max(0, totals.net_bytes);
	let rest = os.rss_bytes - heap;
	/** @type {[string, number][]} */
	const parts = [["live heap", heap]];
	/**
	 * @param {string} name
	 * @param {number | null | undefined} size
	 */
	function take(name, size) {
		const taken = Math.max(0, Math.min(size ?? 0, rest));
		rest -= taken;
		parts.push([name, taken]);
	}
	take("file-backed", os.file_bytes);
	take("shared", os.shared_bytes);
	take("thread stacks", os.stack_bytes);
	take("C code and overhead", allocator.in_use_bytes ? allocator.in_use_bytes - heap : 0);
	take("the profiler", overhead.profiler_bytes);
	take("allocator holds free", allocator.held_bytes);
	parts.push([os.file_bytes === null ? "rest (code, stacks, maps)" : "rest (maps)", rest]);
	const shown = parts.filter(([, size]) => size > 0);
	const whole = os.rss_bytes;
	return el(
		"figure",
		{ class: "resident" },
		el(
			"div",
			{ class: "stacked", "aria-hidden": "true" },
			...shown.map(([name, size], index) => {
				const piece = el("span", { class: `piece part-${index}`, title: `${name}: ${bytes(size)}` });
				piece.style.flexGrow = String(size / whole);
				return piece;
			}),
		),
		el(
			"figcaption",
			null,
			el("span", { text: `RSS ${bytes(whole)} = ` }),
			...shown.map(([name, size], index) =>
				el("span", { class: "part" }, el("span", { class: `swatch part-${index}` }), `${bytes(size)} ${name}`),
			),
		),
	);
}

/** @param {Report} report */
function findings(report) {
	const { allocator, findings: all = [] } = report;
	const list = el("ol", { class: "findings" });
	/** @param {number} number */
	function show(number) {
		fill(list, ...all.slice(0, number).map(findingItem));
	}
	show(FINDINGS);
	const more = Math.min(all.length, 12);
	return el(
		"div",
		null,
		el("h2", { text: "Findings" }),
		all.length === 0
			? el("p", {
					class: "quiet",
					text: !allocator.installed
						? "Nothing was counted, so there are none."
						: report.findings
							? `No findings: no growth and no waste was found.${notJudged(report)}`
							: "This report is older than findings.",
				})
			: list,
		more > FINDINGS
			? el("button", {
					type: "button",
					text: `Show ${more - FINDINGS} more`,
					onclick: (event) => {
						show(more);
						event.target.remove();
					},
				})
			: null,
		all.length > more
			? el("p", { class: "quiet", text: `${count(all.length - more)} smaller findings are in the JSON report.` })
			: null,
	);
}
