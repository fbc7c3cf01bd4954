mod unknown {
    #[memprof::main(alocator = system)]
    fn main() {}
}

mod misspelt {
    #[memprof::main(allocator = mimalloc)]
    fn main() {}
}

mod quoted {
    #[memprof::main(allocator = "system")]
    fn main() {}
}

mod called {
    #[memprof::main(allocator = System::new())]
    fn main() {}
}

mod repeated {
    #[memprof::main(allocator = none, config = "a", allocator = none, config = "b")]
    fn main() {}
}

mod not_a_text {
    #[memprof::main(config = memory_profile.toml)]
    fn main() {}
}

mod tracking {
    #[memprof::main(name = "main")]
    fn main() {}
}

fn main() {}
