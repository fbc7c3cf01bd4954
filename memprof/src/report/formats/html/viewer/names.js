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
	/^(_start|main$|__?libc_start|__rust_|__rdl_|rust_begin|rust_eh|clone3?$|start_thread|thread_start|_?pthread|malloc|calloc|realloc|_dl_|call_init|BaseThread|RtlUser|invoke_main|__scrt|0x[0-9a-f]+ \((libc|libm|libpthread|libgcc_s|libstdc\+\+|ld-linux|linux-vdso|libsystem|ntdll|kernel32)\b)/i;

/** Folders that name the crate of a source file: the standard library, its dependencies, the registry, git. */
const CRATE_FOLDERS = [
	/[\\/]library[\\/](std|core|alloc|proc_macro|test)[\\/]/,
	/[\\/]rust[\\/]deps[\\/]([^\\/]+?)-\d/,
	/[\\/]registry[\\/]src[\\/][^\\/]+[\\/]([^\\/]+?)-\d+\.\d/,
	/[\\/]git[\\/]checkouts[\\/]([^\\/]+?)-[0-9a-f]+[\\/]/,
];

/**
 * The crate that a file is from; `null` if it is the program's own.
 * @param {string} file
 */
function crateOfFile(file) {
	const found = CRATE_FOLDERS.map((folder) => folder.exec(file)?.[1]).find((name) => name !== undefined);
	return found === undefined ? null : found.replace(/-/g, "_");
}

/** Crate of the program itself. */
let program = "";

/** @param {string} name */
function setProgram(name) {
	program = name.replace(/-/g, "_").replace(/\.exe$/, "");
}

/**
 * Name of a frame. Where debug information has the last part of a name alone, such as `new`, its file says the rest.
 * @param {Frame} frame
 */
function frameName(frame) {
	if (!frame.function) {
		const module = moduleName(frame);
		return `0x${frame.address.toString(16)}${module ? ` (${module})` : ""}`;
	}
	if (!frame.file || frame.function.includes("::") || frame.function.startsWith("<")) return frame.function;
	const path = frame.file.split(/[\\/]/);
	const stem = (path.at(-1) ?? "").replace(/\.\w+$/, "");
	const within = stem === "mod" || stem === "lib" ? path.at(-2) : stem;
	const crate = crateOfFile(frame.file) ?? program;
	return [crate, within === "src" || within === crate ? "" : within, frame.function.replace(/[{}]/g, "")]
		.filter((part) => part)
		.join("::");
}

/** @param {Frame} frame */
function moduleName(frame) {
	return (
		(frame.module ?? "")
			.replace(/ \(build .*/, "")
			.split(/[\\/]/)
			.at(-1) ?? ""
	);
}

/**
 * A name without generic arguments, closures and the brackets of implementations: `<a::B<T> as c::D>::f::{{closure}}`
 * is `a::B::f`. A name with a lone bracket, such as `size < 10`, is a label of the program's and stays whole.
 * @param {string} name
 */
function plainName(name) {
	let text = name;
	const implementation = /^<(?:&(?:mut )?|\*(?:const|mut) |dyn )?/.exec(text);
	if (implementation) {
		const end = closing(text, 0);
		const inner = text.slice(implementation[0].length, end);
		const as = topLevel(inner, " as ");
		const type = as < 0 ? inner : inner.slice(0, as);
		// A type parameter or a tuple says less than the trait.
		text = (as < 0 || /^[\w<]+::/.test(type) ? type : inner.slice(as + 4)) + text.slice(end + 1);
	}
	let plain = "";
	let depth = 0;
	for (let index = 0; index < text.length; index += 1) {
		const letter = text[index];
		if (letter === "<") depth += 1;
		else if (letter === ">" && text[index - 1] !== "-") depth -= 1;
		else if (depth === 0) plain += letter;
		if (depth < 0) return name;
	}
	if (depth > 0 && name.length < LONGEST) return name;
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
		let crate = path.length > 1 ? path[0].replace(/^[[(&*]+/, "") : "";
		// Methods of slices, numbers and texts are those of the standard library.
		if (cut.startsWith("<") && /^([iuf]\d+|[iu]size|str|bool|char|[A-Z]\w*|.*[^\w].*)$/.test(crate)) crate = "core";
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
	const short = path.slice(path.length > 2 ? -2 : -1).join("::");
	return (/\{+closure/.test(name.slice(-40)) ? `${short} (closure)` : short) || name;
}

/** True if a frame is in the program's own code, as far as its file says. */
/** @param {Frame} frame */
function isOwn(frame) {
	return !!frame.function && !!frame.file && crateOfFile(frame.file) === null && !nameOf(frameName(frame)).runtime;
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
