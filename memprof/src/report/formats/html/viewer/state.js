// State of the page: what the reader has chosen. It is in the fragment of the address, so that a view is a link and
// Back works.

/** @type {State} */
const DEFAULTS = {
	metric: "",
	zoom: "",
	pivot: "",
	q: "",
	direction: "icicle",
	frames: "folded",
	fn: "",
	sort: "-allocated_bytes",
	filter: "",
	columns: "",
	page: "",
	verdict: "",
	live: "",
	livepage: "",
	group: "",
	at: "",
	show: "",
};

/** @type {State} */
let state = { ...DEFAULTS };

/** @type {((changed: Set<keyof State>) => void)[]} */
const listeners = [];

/** @param {(changed: Set<keyof State>) => void} listener */
function onChange(listener) {
	listeners.push(listener);
}

/** @returns {State} */
function readHash() {
	const found = new URLSearchParams(location.hash.slice(1));
	const read = { ...DEFAULTS };
	for (const key of stateKeys()) {
		const value = found.get(key);
		if (value !== null) read[key] = value;
	}
	return read;
}

function stateKeys() {
	return /** @type {(keyof State)[]} */ (Object.keys(DEFAULTS));
}

/** @param {State} wanted */
function hashOf(wanted) {
	const chosen = new URLSearchParams();
	for (const key of stateKeys()) {
		if (wanted[key] !== DEFAULTS[key]) chosen.set(key, wanted[key]);
	}
	return `#${chosen}`;
}

/**
 * Changes the state. Each change is a step of Back, unless it only continues one, such as typing.
 * @param {Partial<State>} changes
 * @param {boolean} [continues]
 */
function go(changes, continues = false) {
	const wanted = { ...state, ...changes };
	const hash = hashOf(wanted);
	if (hash !== hashOf(state)) {
		try {
			if (continues) history.replaceState(null, "", hash);
			else history.pushState(null, "", hash);
		} catch {
			// Some browsers allow it for no file, or not so often.
			location.hash = hash;
		}
	}
	apply(wanted);
}

/** @param {State} wanted */
function apply(wanted) {
	const changed = new Set(stateKeys().filter((key) => wanted[key] !== state[key]));
	if (changed.size === 0) return;
	state = wanted;
	for (const listener of listeners) listener(changed);
}

for (const event of ["popstate", "hashchange"]) {
	addEventListener(event, () => apply(readHash()));
}

/**
 * Calls a function when typing pauses.
 * @param {(event: any) => void} run
 * @returns {(event: any) => void}
 */
function afterTyping(run) {
	/** @type {number | undefined} */
	let timer;
	return (event) => {
		clearTimeout(timer);
		timer = setTimeout(() => run(event), 120);
	};
}
