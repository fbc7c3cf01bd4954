#[memprof::test]
async fn without_a_runtime() {}

#[memprof::test]
struct Type;

struct Other;

#[memprof::test]
impl Other {}

trait Trait {
    #[memprof::test]
    fn without_a_body(&self);
}

#[memprof::test(max_count = 1)]
#[memprof::test(max_count = 2)]
fn twice() {}

fn main() {
    let _ = (Type, Other);
    let _ = without_a_runtime;
}
