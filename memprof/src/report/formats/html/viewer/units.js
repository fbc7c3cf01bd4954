// Figures for people: 1 KB = 2^10 bytes, as in the tables and texts of the reports.

const UNKNOWN = "–";

/**
 * A size, or a dash if it is unknown.
 * @param {number | null | undefined} size
 */
function bytes(size) {
	if (size === null || size === undefined) return UNKNOWN;
	const sign = size < 0 ? "−" : "";
	let rest = Math.abs(size);
	if (rest < 1024) return `${sign}${decimal(rest, Number.isInteger(rest) ? 0 : 1)} B`;
	for (const unit of ["KB", "MB", "GB", "TB", "PB"]) {
		rest /= 1024;
		if (Number(rest.toFixed(1)) < 1024) return `${sign}${decimal(rest, 1)} ${unit}`;
	}
	return `${sign}${decimal(rest / 1024, 1)} EB`;
}

/**
 * A size with its bytes, if those say more.
 * @param {number | null | undefined} size
 */
function exactBytes(size) {
	if (size === null || size === undefined) return "not known";
	return Math.abs(size) < 1024 ? `${count(size)} bytes` : `${bytes(size)} (${count(size)} bytes)`;
}

/** @param {number | null | undefined} number */
function count(number) {
	if (number === null || number === undefined) return UNKNOWN;
	return number < 0 ? `−${decimal(-number, 0)}` : decimal(number, 0);
}

/**
 * @param {number} number
 * @param {number} places
 */
function decimal(number, places) {
	const [whole, fraction] = number.toFixed(places).split(".");
	const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
	return fraction ? `${grouped}.${fraction}` : grouped;
}

/**
 * @param {number} number
 * @param {string} noun
 */
function plural(number, noun) {
	return `${count(number)} ${noun}${number === 1 ? "" : "s"}`;
}

/**
 * @param {number} part
 * @param {number} whole
 */
function share(part, whole) {
	if (!whole) return "";
	const percent = (part / whole) * 100;
	return part > 0 && percent < 0.05 ? "<0.1 %" : `${decimal(percent, 1)} %`;
}

/**
 * @param {number | null | undefined} seconds
 * @param {number} [step] The difference to the next one beside it, which must show
 */
function duration(seconds, step = 0) {
	if (seconds === null || seconds === undefined) return UNKNOWN;
	/** @param {number} unit */
	const places = (unit) => Math.max(0, Math.ceil(-Math.log10(step / unit) - 1e-9));
	if (seconds < 0.001) return `${decimal(seconds * 1e6, step ? places(1e-6) : 0)} µs`;
	if (seconds < 0.9995) return `${decimal(seconds * 1000, step ? places(1e-3) : 0)} ms`;
	if (seconds < 100) return `${decimal(seconds, step ? places(1) : 1)} s`;
	if (seconds < 6000) return joined(seconds, 60, "min", 1, "s");
	if (seconds < 48 * 3600) return joined(seconds, 3600, "h", 60, "min");
	return `${decimal(seconds / 86400, 1)} days`;
}

/**
 * A time in two units; the second is omitted if it is 0.
 * @param {number} seconds
 * @param {number} large
 * @param {string} largeName
 * @param {number} small
 * @param {string} smallName
 */
function joined(seconds, large, largeName, small, smallName) {
	const rest = Math.floor((seconds % large) / small);
	return `${Math.floor(seconds / large)} ${largeName}${rest ? ` ${rest} ${smallName}` : ""}`;
}

/**
 * An estimate and its standard error.
 * @param {number | null | undefined} size
 * @param {number | null | undefined} error
 */
function estimate(size, error) {
	return error ? `${bytes(size)} ± ${bytes(error)}` : bytes(size);
}

/** @param {number[]} numbers */
function sum(numbers) {
	return numbers.reduce((whole, number) => whole + number, 0);
}
