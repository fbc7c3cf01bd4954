use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use memprof::track_memory;

#[derive(Clone, Debug, PartialEq)]
struct Counter(u32);

impl Counter {
    #[track_memory]
    fn by_value(self) -> u32 {
        self.0
    }

    #[track_memory]
    fn by_mut_value(mut self, by: u32) -> Self {
        self.0 += by;
        self
    }

    #[track_memory]
    fn by_ref(&self) -> &u32 {
        &self.0
    }

    #[track_memory]
    fn by_mut(&mut self) -> &mut u32 {
        self.0 += 1;
        &mut self.0
    }

    #[track_memory]
    fn by_ref_with_lifetime<'a>(&'a self, _: &str) -> &'a u32 {
        &self.0
    }

    #[track_memory]
    fn by_box(self: Box<Self>) -> Self {
        *self
    }

    #[track_memory]
    fn by_mut_box(mut self: Box<Self>) -> Box<Self> {
        self.0 += 1;
        self
    }

    #[track_memory]
    fn by_rc(self: Rc<Self>) -> usize {
        Rc::strong_count(&self)
    }

    #[track_memory]
    fn by_arc_ref(self: &Arc<Self>) -> Arc<Self> {
        Arc::clone(self)
    }

    #[track_memory]
    fn by_pin(mut self: Pin<&mut Self>) -> u32 {
        self.0 += 1;
        self.0
    }

    #[track_memory]
    fn by_typed_self(self: Self) -> u32 {
        self.0
    }

    #[track_memory]
    async fn by_value_async(mut self) -> u32 {
        self.0 += 1;
        std::future::ready(()).await;
        self.0
    }

    #[track_memory]
    async fn by_mut_async(&mut self) -> &u32 {
        self.0 += 1;
        &self.0
    }

    #[track_memory]
    async fn by_pin_async(mut self: Pin<&mut Self>) -> u32 {
        self.0 += 1;
        self.0
    }
}

#[tokio::main]
async fn main() {
    let mut one = Counter(1);
    assert_eq!(one.clone().by_value(), 1);
    assert_eq!(one.clone().by_mut_value(2), Counter(3));
    assert_eq!(*one.by_ref(), 1);
    assert_eq!(*one.by_mut(), 2);
    assert_eq!(*one.by_ref_with_lifetime(""), 2);
    assert_eq!(Box::new(one.clone()).by_box(), one);
    assert_eq!(Box::new(one.clone()).by_mut_box().0, 3);
    assert_eq!(Rc::new(one.clone()).by_rc(), 1);
    let shared = Arc::new(one.clone());
    assert_eq!(Arc::strong_count(&shared.by_arc_ref()), 2);
    assert_eq!(Pin::new(&mut one).by_pin(), 3);
    assert_eq!(one.clone().by_typed_self(), 3);
    assert_eq!(one.clone().by_value_async().await, 4);
    assert_eq!(*one.by_mut_async().await, 4);
    assert_eq!(Pin::new(&mut one).by_pin_async().await, 5);
}
