// The course of the run.

/** @type {Line[]} */
const LINES = [
	["net_bytes", "heap", "line-heap"],
	["rss_bytes", "RSS", "line-rss"],
	["allocator_held_bytes", "allocator holds free", "line-held"],
	["mapped_bytes", "files and shared", "line-mapped"],
];

/**
 * @param {Report} report
 * @returns {HTMLElement}
 */
function timelineSection(report) {
	const { timeline, totals, peak } = report;
	const points = timeline?.points ?? [];
	if (!timeline || points.length < 2) {
		const why =
			timeline === undefined
				? "This report is older than this figure."
				: timeline === null
					? "No timeline was recorded (timeline_points = 0)."
					: "The run was too short for a timeline: it has no two points.";
		return section("timeline", "Timeline", missing(why));
	}
	const lines = LINES.filter(([key]) => points.some((point) => point[key] !== null && point[key] !== undefined));
	const top = points.reduce((best, point) => (point.net_bytes > best.net_bytes ? point : best), points[0]);
	const size = totals.peak_bytes;
	const level = { size, seconds: peak?.seconds ?? top.seconds, text: `peak ${bytes(size)}` };
	const chart = lineChart({
		title: "Memory over time",
		lines,
		points: () => points,
		marks: () => timeline.marks,
		levels: (hidden) => (hidden.has("net_bytes") ? [] : [level]),
		hidden: new Set(["mapped_bytes"]),
		more: (index) => {
			const [before, point] = [points[Math.max(0, index - 1)], points[index]];
			const rate = (point.allocated_bytes - before.allocated_bytes) / (point.seconds - before.seconds);
			return [["", "allocating", Number.isFinite(rate) ? `${bytes(rate)}/s` : UNKNOWN]];
		},
	});
	if (!lines.some(([key]) => key === "rss_bytes"))
		chart.parts[2].append(
			el("span", {
				class: "quiet",
				text: "RSS was not read during the run: the program had one thread, or the system does not tell it.",
			}),
		);
	return section("timeline", "Timeline", ...chart.parts, values(points));
}

/** A table of some points, for readers without the picture. */
/** @param {TimelinePoint[]} points */
function values(points) {
	const details = el("details", { class: "values" }, el("summary", { text: "Values as a table" }));
	details.addEventListener("toggle", () => {
		if (!details.open) {
			fill(details, details.firstElementChild);
			return;
		}
		const step = Math.ceil(points.length / 20);
		const some = points.filter((_, index) => index % step === 0 || index === points.length - 1);
		fill(
			details,
			details.firstElementChild,
			table(
				"Memory over time",
				[{ title: "time" }, ...LINES.map(([, title]) => ({ title }))],
				some.map((point) => [duration(point.seconds), ...LINES.map(([key]) => bytes(point[key]))]),
			),
		);
	});
	return details;
}
