// A chart of lines over time, with a cursor that reads values.

const HEIGHT = 230;
const MARGIN = { left: 64, right: 14, top: 22, bottom: 26 };

/**
 * Readout, drawing and legend of a chart. `render` draws its points anew.
 * @param {Chart} chart
 */
function lineChart({ title, lines, points, marks, levels, unit = "", gap = 0, hidden = new Set(), more = () => [] }) {
	// Seconds of the cursor, which follows the last point until it is moved.
	let cursor = Infinity;
	const readout = el("div", { class: "readout", "aria-hidden": "true" });
	const drawn = svg("svg", {
		class: "chart",
		height: HEIGHT,
		tabindex: "0",
		role: "slider",
		"aria-label": `${title}: arrow keys read values`,
		"aria-valuemin": 0,
	});
	const drawing = el("div", { class: "timeline" }, drawn);
	const keys = lines.map(([key, name, className]) => {
		const button = el(
			"button",
			{
				type: "button",
				class: "key",
				"aria-pressed": String(!hidden.has(key)),
				onclick: () => {
					if (!hidden.delete(key)) hidden.add(key);
					setAttributes(button, { "aria-pressed": String(!hidden.has(key)) });
					render();
				},
			},
			el("span", { class: `swatch ${className}` }),
			name,
		);
		return button;
	});
	const legend = el("div", { class: "legend", hidden: lines.length < 2 }, ...keys);
	const left = MARGIN.left + 6 * unit.length;
	/** @type {TimelinePoint[]} */
	let all = [];
	let first = 0;
	let last = 1;
	let highest = 1;
	let width = 900;

	const x = (/** @type {number} */ seconds) =>
		Math.max(
			left,
			Math.min(width - MARGIN.right, left + ((seconds - first) / (last - first)) * (width - left - MARGIN.right)),
		);
	const y = (/** @type {number} */ size) =>
		HEIGHT - MARGIN.bottom - (Math.max(0, size) / highest) * (HEIGHT - MARGIN.top - MARGIN.bottom);
	const shownLines = () => lines.filter(([key]) => !hidden.has(key));
	const cursorIndex = () =>
		Math.max(
			0,
			all.findLastIndex((point) => point.seconds <= cursor),
		);

	function render(wanted = drawing.clientWidth) {
		all = points();
		if (all.length === 0) return;
		width = Math.max(wanted, 240);
		first = all[0].seconds;
		// A step between them must change a time.
		last = Math.max(all[all.length - 1].seconds, first + Math.max(1, Math.abs(first)) * 1e-9);
		const shown = shownLines();
		const levelsHere = levels(hidden);
		const top = [
			...shown.flatMap(([key]) => all.map((point) => point[key] ?? 0)),
			...levelsHere.map(({ size }) => size),
		];
		const most = top.reduce((one, other) => Math.max(one, other), 1);
		const step = niceBytes(most / 4);
		highest = step * Math.ceil(most / step);
		setAttributes(drawn, { viewBox: `0 0 ${width} ${HEIGHT}`, width, "aria-valuemax": all.length - 1 });
		const grid = [];
		for (let size = 0; size <= highest * 1.001; size += step) {
			grid.push(
				svg("line", { class: "grid", x1: left, x2: width - MARGIN.right, y1: y(size), y2: y(size) }),
				svg("text", {
					class: "axis",
					x: left - 8,
					y: y(size) + 4,
					"text-anchor": "end",
					text: bytes(size).replace(".0 ", " ") + unit,
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
			drawn,
			svg("title", { text: title }),
			...grid,
			...levelsHere.flatMap(levelLine),
			...shown.map(([key, , className]) => svg("path", { class: `line ${className}`, d: path(key) })),
			...markLines(),
			svg("line", { class: "cursor", y1: MARGIN.top, y2: HEIGHT - MARGIN.bottom }),
			...shown.map(([, , className]) => svg("circle", { class: `dot ${className}`, r: 3.5 })),
		);
		showCursor();
	}

	/** The line of one figure. Readings far from each other are dots: what is between them is not known. */
	/** @param {LineKey} key */
	function path(key) {
		let line = "";
		let before = -Infinity;
		for (const point of all) {
			const size = point[key];
			if (size === null || size === undefined) continue;
			const far = point.seconds - before > Math.max(gap, (last - first) / 8) && all.length > 16;
			const place = `${x(point.seconds).toFixed(1)} ${y(size).toFixed(1)}`;
			line += far ? `M${place}h.1` : line ? `L${place}` : `M${place}`;
			before = point.seconds;
		}
		return line;
	}

	/** @param {Level} level */
	function levelLine({ size, seconds, text }) {
		const at = x(seconds);
		const height = y(size);
		return [
			svg("line", { class: "peak", x1: left, x2: width - MARGIN.right, y1: height, y2: height }),
			svg("circle", { class: "peak-dot", cx: at, cy: height, r: 3.5 }),
			svg("text", {
				class: "peak-text",
				x: at,
				y: height - 7,
				"text-anchor": at > width / 2 ? "end" : "start",
				text,
			}),
		];
	}

	function markLines() {
		let free = 0;
		return marks()
			.slice(0, 30)
			.flatMap(({ seconds, name }) => {
				const at = x(seconds);
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
		if (all.length === 0) return;
		cursor = index < all.length - 1 ? all[Math.max(0, index)].seconds : Infinity;
		showCursor();
	}

	function showCursor() {
		const index = cursorIndex();
		const point = all[index];
		const shown = shownLines();
		const line = drawn.querySelector(".cursor");
		if (line) setAttributes(line, { x1: x(point.seconds), x2: x(point.seconds) });
		shown.forEach(([key, , className]) => {
			const dot = drawn.querySelector(`.dot.${className}`);
			const size = point[key];
			if (!dot) return;
			setAttributes(dot, { cx: x(point.seconds), cy: size === null || size === undefined ? -10 : y(size) });
		});
		const near = marks().filter((mark) => Math.abs(x(mark.seconds) - x(point.seconds)) < 4);
		/** @type {ChartValue[]} */
		const values = [
			["", "at", duration(point.seconds)],
			...shown.map(
				([key, name, className]) =>
					/** @type {ChartValue} */ ([className, name, point[key] === null ? UNKNOWN : bytes(point[key]) + unit]),
			),
			...more(index),
			...near.slice(0, 2).map((mark) => /** @type {ChartValue} */ (["", "mark", visible(mark.name)])),
		];
		fill(
			readout,
			...values.map(([className, name, text]) =>
				el(
					"span",
					{ class: "value" },
					className ? el("span", { class: `swatch ${className}` }) : null,
					el("span", { class: "quiet", text: name }),
					" ",
					el("bdi", { text }),
				),
			),
		);
		setAttributes(drawn, {
			"aria-valuenow": index,
			"aria-valuetext": values.map(([, name, text]) => `${name} ${text}`).join(", "),
		});
	}

	drawn.addEventListener("pointermove", (event) => {
		const from = event instanceof PointerEvent ? event.clientX - drawn.getBoundingClientRect().left - left : 0;
		const seconds = first + (from / (width - left - MARGIN.right)) * (last - first);
		let nearest = 0;
		all.forEach((point, index) => {
			if (Math.abs(point.seconds - seconds) < Math.abs(all[nearest].seconds - seconds)) nearest = index;
		});
		moveTo(nearest);
	});
	drawn.addEventListener("keydown", (event) => {
		const { key, shiftKey } = /** @type {KeyboardEvent} */ (event);
		const now = cursorIndex();
		const step = shiftKey ? Math.ceil(all.length / 10) : 1;
		const to = {
			ArrowLeft: now - step,
			ArrowRight: now + step,
			Home: 0,
			End: all.length - 1,
			PageUp: now - 10,
			PageDown: now + 10,
		}[key];
		if (to === undefined) return;
		event.preventDefault();
		moveTo(to);
	});
	onWidth(drawing, () => render());
	// Paper is narrower than the window.
	addEventListener("beforeprint", () => render(680));
	addEventListener("afterprint", () => render());
	return { parts: [readout, drawing, legend], render, moveTo };
}

/** A step between two lines of the grid, in a unit of sizes. */
/** @param {number} size */
function niceBytes(size) {
	const unit = 1024 ** Math.max(0, Math.floor(Math.log(2 * size) / Math.log(1024)));
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
