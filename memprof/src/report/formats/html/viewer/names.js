// Names of functions: their crates, short forms, and those that belong to the standard library or a runtime.

/** Crates whose frames are between a program's own functions and say little about it. */
const RUNTIME = new Set(
	(
		"std core alloc proc_macro test backtrace_rs hashbrown compiler_builtins tokio tokio_util mio rayon rayon_core " +
		"crossbeam_epoch crossbeam_deque crossbeam_channel crossbeam_utils futures_util futures_core futures_executor " +
		"async_std async_executor async_task smol memprof"
	).split(" "),
);

/** Functions of the C library and the start of a program, which have no crate. */
const C_RUNTIME =
	/^(_start|main|__?libc_start|__rust_|__rdl_|rust_begin|rust_eh|clone3?$|start_thread|thread_start|_?pthread|malloc|calloc|realloc|_dl_|call_init|BaseThread|RtlUser|invoke_main|__scrt)/;

/**
 * A name without generic arguments, closures and the brackets of implementations: `<a::B<T> as c::D>::f::{{closure}}`
 * is `a::B::f`.
 * @param {string} name
 */
function plainName(name) {
	let text = name;
	const implementation = /^<(?:&(?:mut )?|\*(?:const|mut) |dyn )?/.exec(text);
	if (implementation) {
		const end = closing(text, 0);
		const inner = text.slice(implementation[0].length, end);
		const as = topLevel(inner, " as ");
		text = (as < 0 ? inner : inner.slice(0, as)) + text.slice(end + 1);
	}
	let plain = "";
	let depth = 0;
	for (let index = 0; index < text.length; index += 1) {
		const letter = text[index];
		if (letter === "<") depth += 1;
		else if (letter === ">" && text[index - 1] !== "-") depth -= 1;
		else if (depth === 0) plain += letter;
	}
	return plain.replace(/::(?=::|$)/g, "").replace(/::\{[^}]*\}+/g, "");
}

/**
 * Index of the `>` that closes the `<` at `start`.
 * @param {string} text
 * @param {number} start
 */
function closing(text, start) {
	let depth = 0;
	for (let index = start; index < text.length; index += 1) {
		if (text[index] === "<") depth += 1;
		if (text[index] === ">" && text[index - 1] !== "-" && --depth === 0) return index;
	}
	return text.length;
}

/**
 * Index of a text outside of all brackets.
 * @param {string} text
 * @param {string} wanted
 */
function topLevel(text, wanted) {
	let depth = 0;
	for (let index = 0; index < text.length; index += 1) {
		if (text[index] === "<") depth += 1;
		else if (text[index] === ">" && text[index - 1] !== "-") depth -= 1;
		else if (depth === 0 && text.startsWith(wanted, index)) return index;
	}
	return -1;
}

/** @type {Map<string, {crate: string, plain: string, runtime: boolean}>} */
const known = new Map();

/**
 * @param {string} name
 * @returns {{crate: string, plain: string, runtime: boolean}}
 */
function nameOf(name) {
	let found = known.get(name);
	if (!found) {
		const cut = name.slice(0, LONGEST);
		const plain = plainName(cut);
		const path = plain.split("::");
		const crate = path.length > 1 ? path[0].replace(/^[[(&*]+/, "") : "";
		found = { crate, plain, runtime: crate ? RUNTIME.has(crate) : C_RUNTIME.test(cut) };
		known.set(name, found);
	}
	return found;
}

/**
 * The end of a name, which fits into a narrow box: the type and the function.
 * @param {string} name
 */
function shortName(name) {
	const path = nameOf(name).plain.split("::");
	const method = path.length > 2 && /^[A-Z]/.test(path[path.length - 2] ?? "");
	const short = path.slice(method ? -2 : -1).join("::");
	return (/\{\{?closure/.test(name.slice(-40)) ? `${short} (closure)` : short) || name;
}

/** True if a frame is in the program's own code, as far as its file says. */
/** @param {Frame} frame */
function isOwn(frame) {
	if (!frame.function || nameOf(frame.function).runtime) return false;
	return !!frame.file && !/[\\/](\.cargo[\\/](registry|git)|rustc|\.rustup|rustlib)[\\/]/.test(`/${frame.file}`);
}

/** Crates in the order of their colours: those that allocate most come first. */
/** @type {Map<string, number>} */
const colours = new Map();
const COLOURS = 8;

/**
 * Number of a crate's colour: 0 for runtimes.
 * @param {string} name
 */
function colourOf(name) {
	const { crate, runtime } = nameOf(name);
	if (runtime) return 0;
	return Math.min(colours.get(crate) ?? COLOURS, COLOURS);
}

/** A small number that is always the same for a name: neighbours of one crate differ in shade. */
/** @param {string} name */
function shadeOf(name) {
	let hash = 7;
	for (let index = Math.max(0, name.length - 40); index < name.length; index += 1) {
		hash = (hash * 31 + name.charCodeAt(index)) % 65521;
	}
	return hash % 4;
}
