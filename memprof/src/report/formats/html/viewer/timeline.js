// The course of the run: lines over time, with a cursor that reads values.

/** @type {[keyof TimelinePoint, string, string][]} */
const LINES = [
	["net_bytes", "heap", "line-heap"],
	["rss_bytes", "RSS", "line-rss"],
	["allocator_held_bytes", "allocator holds free", "line-held"],
	["mapped_bytes", "files and shared", "line-mapped"],
];
const HEIGHT = 230;
const MARGIN = { left: 64, right: 14, top: 22, bottom: 26 };

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
	const known = LINES.filter(([key]) => points.some((point) => point[key] !== null && point[key] !== undefined));
	const hidden = new Set(["mapped_bytes"]);
	let cursor = points.length - 1;
	const readout = el("div", { class: "readout", "aria-hidden": "true" });
	const legend = el("div", { class: "legend" });
	const chart = svg("svg", {
		class: "chart",
		height: HEIGHT,
		tabindex: "0",
		role: "slider",
		"aria-label": "Memory over time: arrow keys read values",
		"aria-valuemin": 0,
		"aria-valuemax": points.length - 1,
	});
	const drawing = el("div", { class: "timeline" }, chart);
	const first = points[0].seconds;
	// A step between them must change a time.
	const last = Math.max(points[points.length - 1].seconds, first + Math.max(1, Math.abs(first)) * 1e-9);
	let highest = 1;
	let width = 900;

	const x = (/** @type {number} */ seconds) =>
		MARGIN.left + ((seconds - first) / (last - first)) * (width - MARGIN.left - MARGIN.right);
	const y = (/** @type {number} */ size) =>
		HEIGHT - MARGIN.bottom - (Math.max(0, size) / highest) * (HEIGHT - MARGIN.top - MARGIN.bottom);

	function render(wanted = drawing.clientWidth) {
		width = Math.max(wanted, 240);
		const shown = known.filter(([key]) => !hidden.has(key));
		const sizes = shown.flatMap(([key]) => points.map((point) => Number(point[key] ?? 0)));
		const step = niceBytes(Math.max(...sizes, hidden.has("net_bytes") ? 0 : totals.peak_bytes, 1) / 4);
		highest = step * Math.ceil(Math.max(...sizes, hidden.has("net_bytes") ? 0 : totals.peak_bytes, 1) / step);
		setAttributes(chart, { viewBox: `0 0 ${width} ${HEIGHT}`, width });
		const grid = [];
		for (let size = 0; size <= highest * 1.001; size += step) {
			grid.push(
				svg("line", { class: "grid", x1: MARGIN.left, x2: width - MARGIN.right, y1: y(size), y2: y(size) }),
				svg("text", {
					class: "axis",
					x: MARGIN.left - 8,
					y: y(size) + 4,
					"text-anchor": "end",
					text: bytes(size).replace(".0 ", " "),
				}),
			);
		}
		const stepSeconds = niceSeconds((last - first) / Math.max(2, Math.min(8, width / 130)));
		for (let at = Math.ceil(first / stepSeconds) * stepSeconds; at <= last; at += stepSeconds) {
			grid.push(
				svg("text", {
					class: "axis",
					x: x(at),
					y: HEIGHT - 8,
					"text-anchor": x(at) > width - 40 ? "end" : "middle",
					text: at === 0 ? "0" : duration(at, stepSeconds),
				}),
			);
		}
		fill(
			chart,
			svg("title", { text: "Memory over time" }),
			...grid,
			...(hidden.has("net_bytes") ? [] : peakMark()),
			...shown.map(([key, , className]) => svg("path", { class: `line ${className}`, d: path(key) })),
			...marks(),
			svg("line", { class: "cursor", y1: MARGIN.top, y2: HEIGHT - MARGIN.bottom }),
			...shown.map(([, , className]) => svg("circle", { class: `dot ${className}`, r: 3.5 })),
		);
		fill(
			legend,
			...known.map(([key, title, className]) =>
				el(
					"button",
					{
						type: "button",
						class: "key",
						"aria-pressed": hidden.has(key) ? "false" : "true",
						onclick: () => {
							if (!hidden.delete(key)) hidden.add(key);
							render();
						},
					},
					el("span", { class: `swatch ${className}` }),
					title,
				),
			),
			known.some(([key]) => key === "rss_bytes")
				? null
				: el("span", {
						class: "quiet",
						text: "RSS was not read during the run: the program had one thread, or the system does not tell it.",
					}),
		);
		moveTo(cursor);
	}

	/** The line of one figure. Readings far from each other are dots: what is between them is not known. */
	/** @param {keyof TimelinePoint} key */
	function path(key) {
		let drawn = "";
		let before = -Infinity;
		for (const point of points) {
			const size = point[key];
			if (size === null || size === undefined) continue;
			const far = point.seconds - before > (last - first) / 8 && points.length > 16;
			const place = `${x(point.seconds).toFixed(1)} ${y(size).toFixed(1)}`;
			drawn += far ? `M${place}h.1` : drawn ? `L${place}` : `M${place}`;
			before = point.seconds;
		}
		return drawn;
	}

	function peakMark() {
		const top = points.reduce((best, point) => (point.net_bytes > best.net_bytes ? point : best), points[0]);
		const at = Math.max(MARGIN.left, Math.min(width - MARGIN.right, x(peak?.seconds ?? top.seconds)));
		const height = y(totals.peak_bytes);
		const end = at > width / 2;
		return [
			svg("line", { class: "peak", x1: MARGIN.left, x2: width - MARGIN.right, y1: height, y2: height }),
			svg("circle", { class: "peak-dot", cx: at, cy: height, r: 3.5 }),
			svg("text", {
				class: "peak-text",
				x: at,
				y: height - 7,
				"text-anchor": end ? "end" : "start",
				text: `peak ${bytes(totals.peak_bytes)}`,
			}),
		];
	}

	function marks() {
		let free = 0;
		return (timeline?.marks ?? []).slice(0, 30).flatMap(({ seconds, name }) => {
			const at = Math.max(MARGIN.left, Math.min(width - MARGIN.right, x(seconds)));
			const label = visible(name.length > 24 ? `${name.slice(0, 23)}…` : name);
			const line = svg(
				"line",
				{ class: "mark", x1: at, x2: at, y1: MARGIN.top - 6, y2: HEIGHT - MARGIN.bottom },
				svg("title", { text: `${duration(seconds)}: ${visible(name)}` }),
			);
			const room = label.length * 6.2;
			const end = at + room > width;
			const start = end ? at - room : at;
			if (start < free) return [line];
			free = start + room + 10;
			return [
				line,
				svg("text", {
					class: "mark-text",
					x: at + (end ? -3 : 3),
					y: 11,
					"text-anchor": end ? "end" : "start",
					text: label,
				}),
			];
		});
	}

	/** @param {number} index */
	function moveTo(index) {
		cursor = Math.max(0, Math.min(points.length - 1, index));
		const point = points[cursor];
		const shown = known.filter(([key]) => !hidden.has(key));
		const line = chart.querySelector(".cursor");
		if (line) setAttributes(line, { x1: x(point.seconds), x2: x(point.seconds) });
		shown.forEach(([key, , className]) => {
			const dot = chart.querySelector(`.dot.${className}`);
			const size = point[key];
			if (!dot) return;
			setAttributes(dot, { cx: x(point.seconds), cy: size === null || size === undefined ? -10 : y(size) });
		});
		const near = (timeline?.marks ?? []).filter((mark) => Math.abs(x(mark.seconds) - x(point.seconds)) < 4);
		const before = points[Math.max(0, cursor - 1)];
		const rate = (point.allocated_bytes - before.allocated_bytes) / (point.seconds - before.seconds);
		/** @type {[string, string, string][]} */
		const values = [
			["", "at", duration(point.seconds)],
			...shown.map(
				([key, title, className]) =>
					/** @type {[string, string, string]} */ ([
						className,
						title,
						bytes(/** @type {number | null} */ (point[key])),
					]),
			),
			["", "allocating", Number.isFinite(rate) ? `${bytes(rate)}/s` : UNKNOWN],
			...near.slice(0, 2).map((mark) => /** @type {[string, string, string]} */ (["", "mark", visible(mark.name)])),
		];
		fill(
			readout,
			...values.map(([className, title, text]) =>
				el(
					"span",
					{ class: "value" },
					className ? el("span", { class: `swatch ${className}` }) : null,
					el("span", { class: "quiet", text: title }),
					" ",
					el("bdi", { text }),
				),
			),
		);
		setAttributes(chart, {
			"aria-valuenow": cursor,
			"aria-valuetext": values.map(([, title, text]) => `${title} ${text}`).join(", "),
		});
	}

	chart.addEventListener("pointermove", (event) => {
		const from = event instanceof PointerEvent ? event.clientX - chart.getBoundingClientRect().left - MARGIN.left : 0;
		const seconds = first + (from / (width - MARGIN.left - MARGIN.right)) * (last - first);
		let nearest = 0;
		points.forEach((point, index) => {
			if (Math.abs(point.seconds - seconds) < Math.abs(points[nearest].seconds - seconds)) nearest = index;
		});
		moveTo(nearest);
	});
	chart.addEventListener("keydown", (event) => {
		const { key, shiftKey } = /** @type {KeyboardEvent} */ (event);
		const step = shiftKey ? Math.ceil(points.length / 10) : 1;
		const to = {
			ArrowLeft: cursor - step,
			ArrowRight: cursor + step,
			Home: 0,
			End: points.length - 1,
			PageUp: cursor - 10,
			PageDown: cursor + 10,
		}[key];
		if (to === undefined) return;
		event.preventDefault();
		moveTo(to);
	});
	onWidth(drawing, () => render());
	// Paper is narrower than the window.
	addEventListener("beforeprint", () => render(680));
	addEventListener("afterprint", () => render());
	return section("timeline", "Timeline", readout, drawing, legend, values(points));
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
				some.map((point) => [
					duration(point.seconds),
					...LINES.map(([key]) => bytes(/** @type {number | null} */ (point[key]))),
				]),
			),
		);
	});
	return details;
}

/** A step between two lines of the grid, in a unit of sizes. */
/** @param {number} size */
function niceBytes(size) {
	const unit = 1024 ** Math.max(0, Math.floor(Math.log(size) / Math.log(1024)));
	return niceStep(size / unit) * unit;
}

/** @param {number} seconds */
function niceSeconds(seconds) {
	const long = [60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 43200, 86400].find((step) => step >= seconds);
	return seconds > 50 && long ? long : niceStep(seconds);
}

/** The next 1, 2 or 5 times a power of ten. */
/** @param {number} number */
function niceStep(number) {
	const power = 10 ** Math.floor(Math.log10(Math.max(number, 1e-9)));
	return ([1, 2, 5].find((factor) => factor * power >= number) ?? 10) * power;
}
