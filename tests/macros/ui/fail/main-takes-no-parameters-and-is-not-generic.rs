mod parameters {
    #[memprof::main]
    fn main(_first: u8, _rest: Vec<String>) {}
}

mod generic {
    #[memprof::main]
    fn main<'a, T>() {}
}

mod constant {
    #[memprof::main]
    const fn main() {}
}

mod everything {
    #[memprof::main(allocator = 1)]
    async fn main<T>(_first: T) {}
}

fn main() {}
