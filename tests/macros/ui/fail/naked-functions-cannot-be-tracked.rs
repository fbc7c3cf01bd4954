use memprof::track_memory;

#[track_memory]
#[unsafe(naked)]
pub extern "C" fn below() {
    core::arch::naked_asm!("ret")
}

#[unsafe(naked)]
#[track_memory]
pub extern "C" fn above() {
    core::arch::naked_asm!("ret")
}

fn main() {}
