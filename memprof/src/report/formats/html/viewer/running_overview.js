// The first screen of a running program: its state and its totals.

/** Names of the states. */
const STATES = { waiting: "connecting", live: "live", paused: "paused", lost: "no answer" };

/**
 * @param {() => Running | null} running
 * @param {{report: string, pause: () => void, mark: () => void, clear: () => void}} actions
 */
function runningOverview(running, actions) {
	let shownRun = "";
	const name = el("h1", null, "memprof");
	const about = el("p", { class: "quiet", text: "Waiting for the first figures." });
	const pill = el("span", { class: "state waiting", text: STATES.waiting });
	const message = el("p", { class: "missing", hidden: true });
	const pause = el("button", { type: "button", title: "Key: p", text: "Pause", onclick: actions.pause });
	const mark = el("button", { type: "button", title: "Key: d", onclick: actions.mark });
	const since = el("span");
	const clear = el("button", { type: "button", class: "link", text: "Clear", onclick: actions.clear });
	const sinceLine = el("p", { class: "note since", hidden: true }, since, " ", clear);
	const notInstalled = missing(
		"memprof's allocator is not installed, so nothing is counted: put ",
		el("code", { text: "#[memprof::main]" }),
		" on main.",
	);
	const cards = {
		heap: card("Heap", UNKNOWN, "", "main"),
		rss: card("Resident (RSS)", UNKNOWN, "", ""),
		rate: card("Allocating", UNKNOWN, "", ""),
		allocated: card("Allocated", UNKNOWN, "", ""),
		profiler: card("Profiler", UNKNOWN, "memprof's own memory", ""),
	};
	/**
	 * @param {keyof typeof cards} which
	 * @param {string} figure
	 * @param {string} [below]
	 */
	function show(which, figure, below) {
		const [, above, quiet] = cards[which].children;
		above.textContent = figure;
		if (below !== undefined) quiet.textContent = below;
	}

	function update() {
		const known = running();
		if (!known) return;
		const { report, now, before } = known;
		const { program, totals, os, allocator, overhead } = report;
		if (shownRun !== now.run) {
			shownRun = now.run;
			const args = program.args.length ? el("span", { class: "args" }, " ", bdi(program.args.join(" "))) : null;
			fill(name, bdi(program.name || "program"), args);
		}
		about.textContent = visible(
			[
				`process ${program.pid}`,
				program.host ? `on ${program.host}` : null,
				`running for ${duration(now.seconds)}`,
				program.started_at ? `started ${program.started_at.replace("T", " ").replace(/\.\d+Z$|Z$/, " UTC")}` : null,
				allocator.inner ? `allocator ${allocator.inner}` : null,
			]
				.filter((part) => part !== null)
				.join(" · "),
		);
		notInstalled.hidden = allocator.installed;
		const seconds = before ? now.seconds - before.seconds : 0;
		show("heap", bytes(now.net), `${plural(totals.net_count, "block")}, peak ${bytes(totals.peak_bytes)}`);
		show("rss", bytes(now.rss), now.rss === null ? "not known here" : limitOf(os));
		const blocks = before ? perSecond(now.blocks - before.blocks, seconds) : null;
		const rate = before ? perSecond(now.total.bytes - before.total.bytes, seconds) : null;
		show("rate", byteRate(rate), `${countRate(blocks).replace("/s", "")} blocks/s`);
		show("allocated", bytes(now.total.bytes), plural(now.blocks, "block"));
		show("profiler", bytes(overhead.profiler_bytes));
		updateSince();
	}

	function updateSince() {
		const known = running();
		const from = known?.mark ?? null;
		sinceLine.hidden = from === null;
		if (!known || !from) return;
		const { now } = known;
		const rss = now.rss === null || from.rss === null ? UNKNOWN : signedBytes(now.rss - from.rss);
		since.textContent =
			`Since ${duration(from.seconds)} of the run, in ${duration(now.seconds - from.seconds, 0.1)}: ` +
			`allocated ${signedBytes(now.total.bytes - from.total.bytes)} in ${plural(now.blocks - from.blocks, "block")}, ` +
			`heap ${signedBytes(now.net - from.net)}, RSS ${rss}.`;
	}

	/** @param {FeedState} state */
	function showState({ kind, text }) {
		if (pill.textContent !== STATES[kind]) {
			pill.className = `state ${kind}`;
			pill.textContent = STATES[kind];
		}
		if (message.textContent !== text) message.textContent = text;
		message.hidden = !text;
		pause.textContent = kind === "paused" ? "Go on" : "Pause";
	}

	/** @param {boolean} isMarking */
	function showMarking(isMarking) {
		mark.disabled = isMarking;
		mark.textContent = isMarking ? "Marking…" : "Difference since now";
	}

	showMarking(false);
	notInstalled.hidden = true;
	const element = el(
		"section",
		{ id: "overview", "aria-label": "Overview" },
		name,
		about,
		el(
			"div",
			{ class: "tools" },
			el("span", { role: "status" }, pill),
			pause,
			mark,
			el("a", { class: "button", href: actions.report, target: "_blank", rel: "noopener", title: "Key: r" }, "Report"),
		),
		el("div", { role: "status" }, message),
		sinceLine,
		notInstalled,
		el("div", { class: "cards" }, ...Object.values(cards)),
	);
	return { element, update, showState, showMarking };
}

/**
 * The resident memory beside its limit.
 * @param {Report["os"]} os
 */
function limitOf({ rss_bytes: rss, limit_bytes: limit, limit_source: source, peak_rss_bytes: peak }) {
	if (limit && rss !== null) return `${share(rss, limit)} of ${bytes(limit)}${source ? ` (${visible(source)})` : ""}`;
	return peak ? `at most ${bytes(peak)}` : "";
}
