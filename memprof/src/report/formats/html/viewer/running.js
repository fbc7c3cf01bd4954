// The page of a running program: its sections, which follow the program.

/** @type {[string, string][]} */
const RUNNING_KEYS = [
	["?", "This help"],
	["p", "Pause, or go on"],
	["d", "Difference since now; again: from a later moment"],
	["c", "Clear the difference"],
	["r", "Report of this moment"],
	["/", "Filter the functions"],
	["t", "Light or dark"],
	["Esc", "Close this help, or give up the choice of a function"],
	["Arrows", "Move along a chart (Shift: in large steps)"],
];

/** Other answers of the server, beneath the address of the page. */
/** @type {[string, string][]} */
const VIEWS = [
	["report.html", "the report of this moment: call tree, live blocks with their stacks, findings"],
	["report.json", "the same as data"],
	["metrics", "figures for Prometheus"],
	["debug/pprof/heap?debug=1", "live memory; without debug=1 for go tool pprof"],
	["debug/pprof/allocs?debug=1", "allocated memory; without debug=1 for go tool pprof"],
	["debug/pprof/cmdline", "the program and its arguments"],
];

function showRunning() {
	DEFAULTS.sort = "-rate";
	state = readHash();
	// The program may have mounted the page under a path, with or without a slash at its end.
	const folder = location.pathname.split("/").at(-1);
	const root = folder ? `./${folder}/` : "./";
	/** @type {Reading[]} */
	const readings = [];
	/** @type {Running | null} */
	let running = null;
	/** Time of this page from which a difference is wanted. */
	let wanted = Infinity;
	/** Time of this page when the program began: the least that readings allow. */
	let zero = Infinity;
	/** Sentence about another run, until something else happens. */
	let notice = "";
	const known = () => running;

	const overview = runningOverview(known, { report: `${root}report.html`, pause, mark, clear });
	const sections = [overview, runningCharts(known), runningGrowth(known), runningFunctions(known)];
	const chosen = runningChoice(known, root);
	showPage({
		title: "memprof",
		name: "memprof",
		sections: [...sections.map(({ element }) => element), otherViews(root)],
		numbers: {},
		chosen: chosen.element,
		help: [
			"The page asks the program for its figures once a second while it is visible. Rates are those of the last 5 seconds. Allocated bytes and calls are exact; retained bytes may be estimates.",
			"A difference counts from the reading that follows the press of the button: what each function has allocated, called and retained since.",
		],
		keys: RUNNING_KEYS,
		actions: {
			"/": () => document.getElementById("filter")?.focus(),
			p: pause,
			d: mark,
			c: clear,
			r: () => open(`${root}report.html`, "_blank", "noopener"),
		},
	});
	const source = feed(`${root}report.json?names=0`, take, (now) => {
		if (now.kind !== "live") notice = "";
		overview.showState({ kind: now.kind, text: now.text || notice });
	});

	function update() {
		for (const part of [...sections, chosen]) part.update();
	}

	/**
	 * Shows a report; false if it was known.
	 * @param {Report} report
	 * @param {number} begun
	 */
	function take(report, begun) {
		const now = readingOf(report);
		const before = running?.now;
		const isSame = before?.run === now.run && now.seconds >= before.seconds;
		// Several pages share the report of a second.
		if (isSame && before.seconds === now.seconds) return false;
		if (!isSame) begin(report, now);
		zero = Math.min(zero, performance.now() - 1000 * now.seconds);
		keepReading(readings, now);
		const last = /** @type {Running} */ (running);
		addPoint(last.points, {
			seconds: now.seconds,
			net_bytes: now.net,
			allocated_bytes: now.total.bytes,
			rss_bytes: now.rss,
			allocator_held_bytes: null,
		});
		running = { ...last, report, now, before: readings.length > 1 ? readings[0] : null };
		// Another page may have asked for this report before the difference was wanted.
		if (Math.min(begun, zero + 1000 * now.seconds) >= wanted) setMark(now);
		update();
		return true;
	}

	/** A program that was not there before. */
	/**
	 * @param {Report} report
	 * @param {Reading} now
	 */
	function begin(report, now) {
		const name = report.program.name || "program";
		if (running) notice = `The program was started again (process ${report.program.pid}): the figures begin anew.`;
		readings.length = 0;
		zero = Infinity;
		wanted = Infinity;
		overview.showMarking(false);
		running = { report, now, before: null, mark: null, points: oldPoints(report) };
		document.title = `${visible(name)}: live memory`;
		const brand = document.querySelector(".brand bdi");
		if (brand) brand.textContent = visible(name);
	}

	function pause() {
		source.pause();
	}

	/** Marks the first reading that is made after this moment; while paused, the one that is shown. */
	function mark() {
		if (!running) return;
		if (source.isPaused()) {
			setMark(running.now);
			return update();
		}
		wanted = performance.now();
		overview.showMarking(true);
	}

	/** @param {Reading} reading */
	function setMark(reading) {
		wanted = Infinity;
		overview.showMarking(false);
		if (running) running.mark = reading;
		announce("The difference counts from now");
	}

	function clear() {
		wanted = Infinity;
		overview.showMarking(false);
		if (!running?.mark) return;
		running.mark = null;
		if (state.sort.includes("since_")) go({ sort: DEFAULTS.sort, page: "" }, true);
		update();
	}
}

/**
 * The function that was chosen in a table, with its figures.
 * @param {() => Running | null} running
 * @param {string} root
 */
function runningChoice(running, root) {
	const figures = el("span");
	const element = el("aside", { id: "chosen", class: "chosen-bar", "aria-label": "Chosen function", hidden: true });
	let shown = "";

	function update() {
		element.hidden = !state.fn;
		const row = [...(running()?.now.functions.values() ?? [])].find(({ name }) => name === state.fn);
		const key = `${state.fn}\n${row?.key}`;
		if (shown !== key) {
			shown = key;
			const view = new URLSearchParams({ fn: state.fn, at: "flame" });
			fill(
				element,
				el("strong", null, bdi(state.fn)),
				row ? place(row.file, row.line) : null,
				figures,
				el("span", { class: "spring" }),
				el(
					"a",
					{ class: "button", href: `${root}report.html#${view}`, target: "_blank", rel: "noopener" },
					"In the report",
				),
				el("button", {
					type: "button",
					class: "icon",
					"aria-label": "Give up the choice",
					text: "✕",
					onclick: () => go({ fn: "" }),
				}),
			);
		}
		figures.textContent = row
			? `${bytes(row.all)} in ${plural(row.calls ?? 0, "call")}, ${estimate(row.retained, row.error)} retained`
			: "not among the functions of this run";
	}

	onChange((changed) => {
		if (changed.has("fn")) update();
	});
	return { element, update };
}

/** @param {string} root */
function otherViews(root) {
	return section(
		"views",
		"Other views",
		el(
			"ul",
			{ class: "views" },
			...VIEWS.map(([path, about]) =>
				el(
					"li",
					null,
					el("a", { href: root + path }, path.split("?")[0]),
					el("span", { class: "quiet", text: `: ${about}` }),
				),
			),
		),
	);
}

showRunning();
