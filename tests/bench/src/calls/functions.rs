//! The functions that a peer profiles, as macros: each peer has its own attribute.

/// Makes a function `calls() -> Calls` of functions with this attribute; `functions!()` has them without one.
#[macro_export]
macro_rules! functions {
    ($($attribute:meta)?) => {
        fn calls() -> $crate::Calls {
            $(#[$attribute])?
            #[inline(never)]
            fn empty(number: u64) -> u64 {
                std::hint::black_box(number)
            }

            $(#[$attribute])?
            #[inline(never)]
            fn allocating(number: u64) -> u64 {
                drop(std::hint::black_box(Vec::<u8>::with_capacity(64)));
                number
            }

            $(#[$attribute])?
            async fn async_empty(number: u64) -> u64 {
                std::hint::black_box(number)
            }

            $(#[$attribute])?
            async fn async_allocating(number: u64) -> u64 {
                drop(std::hint::black_box(Vec::<u8>::with_capacity(64)));
                number
            }

            $(#[$attribute])?
            async fn polled(times: u64) -> u64 {
                $crate::ready_after(times).await
            }

            $crate::many_functions!(thousand: [a b c] $($attribute)?);

            let mut many = Vec::new();
            thousand::list(&mut many);
            $crate::Calls {
                empty,
                allocating,
                async_empty: |number| $crate::finish(async_empty(number)),
                async_allocating: |number| $crate::finish(async_allocating(number)),
                polls: |times| $crate::finish(polled(times)),
                many,
            }
        }
    };
}

/// Creates a module of one function for no level, and 10 times as many for each level: profilers of functions identify
/// them by their place in the source, so there are as many as are measured. `list` appends them all to a vector.
#[macro_export]
macro_rules! many_functions {
    ($name:ident: [] $($attribute:meta)?) => {
        mod $name {
            $(#[$attribute])?
            #[inline(never)]
            pub fn link(number: u64, rest: &[$crate::Link]) -> u64 {
                if number == $crate::Link::ALLOCATES {
                    drop(std::hint::black_box(Vec::<u8>::with_capacity(64)));
                }
                // After the call there is something to do: else it would be a jump.
                std::hint::black_box($crate::Link::call(number, rest)) + 1
            }

            pub fn list(all: &mut Vec<$crate::Link>) {
                all.push($crate::Link(link));
            }
        }
    };
    ($name:ident: [$level:ident $($levels:ident)*] $($attribute:meta)?) => {
        mod $name {
            $crate::many_functions!(d0: [$($levels)*] $($attribute)?);
            $crate::many_functions!(d1: [$($levels)*] $($attribute)?);
            $crate::many_functions!(d2: [$($levels)*] $($attribute)?);
            $crate::many_functions!(d3: [$($levels)*] $($attribute)?);
            $crate::many_functions!(d4: [$($levels)*] $($attribute)?);
            $crate::many_functions!(d5: [$($levels)*] $($attribute)?);
            $crate::many_functions!(d6: [$($levels)*] $($attribute)?);
            $crate::many_functions!(d7: [$($levels)*] $($attribute)?);
            $crate::many_functions!(d8: [$($levels)*] $($attribute)?);
            $crate::many_functions!(d9: [$($levels)*] $($attribute)?);

            pub fn list(all: &mut Vec<$crate::Link>) {
                for list in [
                    d0::list, d1::list, d2::list, d3::list, d4::list, d5::list, d6::list, d7::list, d8::list, d9::list,
                ] {
                    list(all);
                }
            }
        }
    };
}
