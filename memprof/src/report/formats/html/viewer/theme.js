// The theme of the last visit, set before the first paint. Without one the page follows the system.
try {
	const theme = localStorage.getItem("memprof-theme");
	if (theme === "dark" || theme === "light") {
		document.documentElement.dataset.theme = theme;
	}
} catch {
	// Storage is not allowed: the page follows the system.
}
