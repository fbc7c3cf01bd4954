//! The interpreter of call frame instructions (DWARF 5, 6.4.2): from a function's entry to the rule of one address. It
//! knows the instructions that compilers use for the stack pointer, the frame pointer and the return address.

use super::super::rule::{Base, UnwindRule};
use super::bytes::TableBytes;
use super::eh_frame::{Common, FunctionEntry, UnwindTables};

#[cfg(target_arch = "aarch64")]
mod register {
    pub(super) const STACK: u64 = 31;
    pub(super) const FRAME: u64 = 29;
}
#[cfg(not(target_arch = "aarch64"))]
mod register {
    pub(super) const STACK: u64 = 7;
    pub(super) const FRAME: u64 = 6;
}

/// Maximum nesting of `remember_state`. Compilers nest it once.
const REMEMBERED: usize = 8;

/// The rule of a register: where its value in the caller is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RegisterRule {
    /// Same value: the callee has not changed it.
    Same,
    /// Saved in memory, at an offset from the caller's stack pointer.
    Saved(i64),
    /// No value: for the return address, this means the outermost function.
    Undefined,
    /// A rule that is not interpreted here.
    Unknown,
}

/// The canonical frame address: the rule of the caller's stack pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cfa {
    Register(u64, i64),
    /// In memory, at an offset from the frame pointer.
    InMemory(i64),
    Unknown,
}

#[derive(Clone, Copy, Debug)]
struct UnwindRow {
    caller: Cfa,
    frame_pointer: RegisterRule,
    address: RegisterRule,
}

/// The rule of a function that continues at a return address. `None`: the stack ends here, or the tables have no rule
/// that is understood.
pub(super) fn rule(tables: &UnwindTables, return_address: usize) -> Option<UnwindRule> {
    // A call can be a function's last instruction: its return address then belongs to another function.
    let address = return_address.checked_sub(1)?;
    let entry = tables.find(address)?;
    if entry.common.is_signal {
        return None;
    }
    row(&entry, address)?.rule()
}

impl UnwindRow {
    fn rule(self) -> Option<UnwindRule> {
        let (base, offset) = match self.caller {
            Cfa::Register(register::STACK, offset) => (Base::Stack, offset),
            Cfa::Register(register::FRAME, offset) => (Base::Frame, offset),
            Cfa::InMemory(offset) => (Base::InFrame, offset),
            Cfa::Register(..) | Cfa::Unknown => return None,
        };
        let words = |bytes: i64| if bytes % 8 == 0 { i16::try_from(bytes / 8).ok() } else { None };
        let frame = match self.frame_pointer {
            RegisterRule::Same => None,
            RegisterRule::Saved(offset) => Some(words(offset)?),
            // A function further out that needs it could not be unwound, and stacks are never guessed.
            RegisterRule::Undefined | RegisterRule::Unknown => return None,
        };
        let RegisterRule::Saved(address) = self.address else { return None };
        Some(UnwindRule { base, offset: i32::try_from(offset).ok()?, frame, address: words(address)? })
    }

    fn register_rule(&mut self, common: &Common, register: u64) -> Option<&mut RegisterRule> {
        if register == common.address_register {
            Some(&mut self.address)
        } else if register == register::FRAME {
            Some(&mut self.frame_pointer)
        } else {
            None
        }
    }
}

/// The row that is valid for an address.
fn row(entry: &FunctionEntry, address: usize) -> Option<UnwindRow> {
    let nothing = UnwindRow { caller: Cfa::Unknown, frame_pointer: RegisterRule::Same, address: RegisterRule::Same };
    let mut machine = Machine { common: &entry.common, initial: nothing, row: nothing, at: entry.function_start };
    machine.run(entry.common.program, usize::MAX)?;
    machine.initial = machine.row;
    machine.at = entry.function_start;
    machine.run(entry.program, address)?;
    Some(machine.row)
}

struct Machine<'a> {
    common: &'a Common,
    /// The row after the common program, to which "restore" returns.
    initial: UnwindRow,
    row: UnwindRow,
    /// The first address for which the row is valid.
    at: usize,
}

impl Machine<'_> {
    /// Runs until the row would be valid only beyond `address`. `None`: an instruction is unknown, so everything after
    /// it is too.
    fn run(&mut self, mut program: TableBytes, address: usize) -> Option<()> {
        let mut remembered = [self.row; REMEMBERED];
        let mut depth = 0_usize;
        while !program.is_at_end() {
            let instruction = program.u8()?;
            let low = u64::from(instruction & 0x3f);
            let forward = match (instruction >> 6, low) {
                (1, delta) => delta,
                (2, register) => {
                    let offset = program.uleb()? as i64;
                    self.saved(register, offset)?;
                    continue;
                }
                (3, register) => {
                    self.restore(register);
                    continue;
                }
                (_, 0x02) => u64::from(program.u8()?),
                (_, 0x03) => u64::from(program.u16()?),
                (_, 0x04) => u64::from(program.u32()?),
                (_, 0x0a) => {
                    *remembered.get_mut(depth)? = self.row;
                    depth += 1;
                    continue;
                }
                (_, 0x0b) => {
                    depth = depth.checked_sub(1)?;
                    self.row = *remembered.get(depth)?;
                    continue;
                }
                (_, other) => {
                    self.other(other, &mut program)?;
                    continue;
                }
            };
            self.at = self.at.checked_add(usize::try_from(forward.checked_mul(self.common.code_unit)?).ok()?)?;
            if self.at > address {
                break;
            }
        }
        Some(())
    }

    /// Runs an instruction that only changes registers.
    fn other(&mut self, instruction: u64, program: &mut TableBytes) -> Option<()> {
        match instruction {
            // nop; aarch64: return addresses are signed from here on (signatures are always stripped).
            0x00 | 0x2d => {}
            // offset_extended, offset_extended_sf, GNU_negative_offset_extended
            0x05 => {
                let register = program.uleb()?;
                let offset = program.uleb()? as i64;
                self.saved(register, offset)?;
            }
            0x11 => {
                let register = program.uleb()?;
                let offset = program.sleb()?;
                self.saved(register, offset)?;
            }
            0x2f => {
                let register = program.uleb()?;
                let offset = (program.uleb()? as i64).checked_neg()?;
                self.saved(register, offset)?;
            }
            // restore_extended, undefined, same_value
            0x06 => {
                let register = program.uleb()?;
                self.restore(register);
            }
            0x07 => self.set(program.uleb()?, RegisterRule::Undefined),
            0x08 => self.set(program.uleb()?, RegisterRule::Same),
            // register, val_offset, val_offset_sf
            0x09 | 0x14 => {
                self.set(program.uleb()?, RegisterRule::Unknown);
                program.uleb()?;
            }
            0x15 => {
                self.set(program.uleb()?, RegisterRule::Unknown);
                program.sleb()?;
            }
            // expression, val_expression
            0x10 | 0x16 => {
                self.set(program.uleb()?, RegisterRule::Unknown);
                block(program)?;
            }
            // def_cfa, def_cfa_sf
            0x0c => self.row.caller = Cfa::Register(program.uleb()?, program.uleb()? as i64),
            0x12 => {
                let register = program.uleb()?;
                self.row.caller = Cfa::Register(register, program.sleb()?.checked_mul(self.common.data_unit)?);
            }
            // def_cfa_register
            0x0d => {
                let Cfa::Register(_, offset) = self.row.caller else { return None };
                self.row.caller = Cfa::Register(program.uleb()?, offset);
            }
            // def_cfa_offset, def_cfa_offset_sf
            0x0e | 0x13 => {
                let Cfa::Register(register, _) = self.row.caller else { return None };
                let offset = match instruction {
                    0x0e => program.uleb()? as i64,
                    _ => program.sleb()?.checked_mul(self.common.data_unit)?,
                };
                self.row.caller = Cfa::Register(register, offset);
            }
            // def_cfa_expression
            0x0f => self.row.caller = expression(block(program)?),
            // GNU_args_size
            0x2e => {
                program.uleb()?;
            }
            _ => return None,
        }
        Some(())
    }

    fn saved(&mut self, register: u64, offset: i64) -> Option<()> {
        let offset = offset.checked_mul(self.common.data_unit)?;
        self.set(register, RegisterRule::Saved(offset));
        Some(())
    }

    fn set(&mut self, register: u64, to: RegisterRule) {
        if let Some(register_rule) = self.row.register_rule(self.common, register) {
            *register_rule = to;
        }
    }

    fn restore(&mut self, register: u64) {
        let mut initial = self.initial;
        if let Some(&mut to) = initial.register_rule(self.common, register) {
            self.set(register, to);
        }
    }
}

/// A block: its length, and its bytes.
fn block(program: &mut TableBytes) -> Option<TableBytes> {
    let length = usize::try_from(program.uleb()?).ok()?;
    program.split(length)
}

/// The only expression that functions use: a word at an offset from the frame pointer. Functions that realign their
/// stack keep the caller's stack pointer there.
fn expression(mut bytes: TableBytes) -> Cfa {
    const READ: u8 = 0x06;
    const REGISTER_0: u8 = 0x70;
    let of_frame = REGISTER_0 + register::FRAME as u8;
    let mut read = || {
        let register = bytes.u8()?;
        let offset = bytes.sleb()?;
        (register == of_frame && bytes.u8()? == READ && bytes.is_at_end()).then_some(Cfa::InMemory(offset))
    };
    read().unwrap_or(Cfa::Unknown)
}

#[cfg(all(test, feature = "backtraces"))]
mod tests;
