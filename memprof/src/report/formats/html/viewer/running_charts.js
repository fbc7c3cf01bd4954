// The last minutes of a running program.

/** A limit is drawn once this share of it is taken: below, the lines would lie on the ground. */
const LIMIT_SHARE = 0.25;

/** @param {() => Running | null} running */
function runningCharts(running) {
	const points = () => running()?.points ?? [];
	const marks = () => {
		const known = running();
		const first = points()[0]?.seconds ?? 0;
		const ofProgram = (known?.report.timeline?.marks ?? []).filter(({ seconds }) => seconds >= first);
		const mark = known?.mark;
		return mark && mark.seconds >= first
			? [...ofProgram, { seconds: mark.seconds, name: "difference from here" }]
			: ofProgram;
	};
	const memory = lineChart({
		title: "Heap and resident memory, last minutes",
		lines: [LINES[0], LINES[1]],
		gap: 2 * RATE_SECONDS,
		points,
		marks,
		levels: () => {
			const limit = running()?.report.os.limit_bytes;
			const most = points().reduce((top, point) => Math.max(top, point.net_bytes, point.rss_bytes ?? 0), 0);
			if (!limit || most < LIMIT_SHARE * limit) return [];
			return [{ size: limit, seconds: points().at(-1)?.seconds ?? 0, text: `limit ${bytes(limit)}` }];
		},
	});
	const rate = lineChart({
		title: "Allocation rate, last minutes",
		lines: [["rate", "allocating", "line-rate"]],
		points,
		marks,
		levels: () => [],
		unit: "/s",
		gap: 2 * RATE_SECONDS,
	});
	/** @type {[string, typeof memory][]} */
	const charts = [
		["Memory", memory],
		["Allocation rate", rate],
	];
	for (const [, { parts, moveTo }] of charts) {
		// A screen reader would say each reading: the cursor stays while the chart has the focus.
		parts[1].addEventListener("focusin", () => moveTo(points().length - 2));
		// Otherwise it follows the last reading.
		parts[1].addEventListener("pointerleave", () => moveTo(Infinity));
		parts[1].addEventListener("focusout", () => moveTo(Infinity));
	}
	const element = section(
		"course",
		"Last minutes",
		el(
			"div",
			{ class: "columns-2 charts" },
			...charts.map(([title, { parts }]) => el("div", null, el("h3", { text: title }), ...parts)),
		),
	);
	return { element, update: () => charts.forEach(([, { render }]) => render()) };
}
