//! The unwind tables of what is loaded, and the rules that they hold.
//!
//! Only objects that stay are asked: the program itself, the object that has this very code, and
//! those that it needs. What else is loaded may be unloaded again, and other code come to lie at
//! its addresses. That the library is to be asked is right for any of them, always.

use super::rule::{Register, Rule};
use gimli::{
    BaseAddresses, CfaRule, EhFrame, EhFrameHdr, Encoding, EndianSlice, NativeEndian, Operation,
    ReaderOffset, RegisterRule, UnwindContext, UnwindContextStorage, UnwindSection, UnwindTableRow,
    X86_64,
};
use std::ffi::{c_int, c_void};
use std::ops::Range;
use std::ptr::with_exposed_provenance;

const WORD: u8 = size_of::<usize>() as u8;

type Section = EndianSlice<'static, NativeEndian>;
type Row = UnwindTableRow<usize, OnTheStack>;

/// Where rows of the tables are put together: not on the heap, because whoever walks a stack may be
/// within an allocator, or have interrupted one.
struct OnTheStack;

impl<T: ReaderOffset> UnwindContextStorage<T> for OnTheStack {
    /// One for each register that a function may have to restore, and the return address.
    type Rules = [(gimli::Register, RegisterRule<T>); 17];
    type Stack = [UnwindTableRow<T, Self>; 4];
}

/// The rule of the return address `ip`.
pub(super) fn rule(ip: usize) -> Rule {
    // The call is what the tables describe; where it is a function's last instruction, the return
    // address is in another one.
    let Some(call) = ip.checked_sub(1) else {
        return Rule::Unknown;
    };
    find(call)
        .and_then(|tables| tables.rule(call))
        .unwrap_or(Rule::Unknown)
}

/// Where an object that stays has its unwind tables.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Tables {
    /// `.eh_frame_hdr`: from address to description.
    index: Range<usize>,
    /// The segment that has the index, and `.eh_frame`.
    segment: Range<usize>,
}

/// What is looked for among the loaded objects.
struct Search {
    address: usize,
    /// Objects that were passed, or were it.
    passed: usize,
    found: Option<Tables>,
}

fn find(address: usize) -> Option<Tables> {
    let mut search = Search {
        address,
        passed: 0,
        found: None,
    };
    // SAFETY: `look` expects what it is given here, and the loader calls it before this returns.
    unsafe { libc::dl_iterate_phdr(Some(look), (&raw mut search).cast()) };
    search.found
}

/// Looks at one object; 1 where the search is over.
unsafe extern "C" fn look(
    info: *mut libc::dl_phdr_info,
    _size: libc::size_t,
    search: *mut c_void,
) -> c_int {
    // SAFETY: both are valid during the call, by the loader's word and by `find`'s.
    let (info, search) = unsafe { (&*info, &mut *search.cast::<Search>()) };
    let is_program = search.passed == 0;
    search.passed += 1;
    // SAFETY: the loader gives the object's table of segments and its length.
    let segments =
        unsafe { std::slice::from_raw_parts(info.dlpi_phdr, usize::from(info.dlpi_phnum)) };
    let range = |segment: &libc::Elf64_Phdr| {
        let start = info.dlpi_addr.wrapping_add(segment.p_vaddr) as usize;
        start..start + segment.p_memsz as usize
    };
    let loaded = |address: usize| {
        let mut loaded = segments.iter().filter(|s| s.p_type == libc::PT_LOAD);
        loaded.find(|segment| range(segment).contains(&address))
    };
    if loaded(search.address).is_none() {
        return 0;
    }
    if is_program || staying().into_iter().any(|place| loaded(place).is_some()) {
        let index = segments.iter().find(|s| s.p_type == libc::PT_GNU_EH_FRAME);
        search.found = index.map(range).and_then(|index| {
            let segment = range(loaded(index.start)?);
            Some(Tables { index, segment })
        });
    }
    1
}

/// Places in objects that stay as long as this code: its own, the standard library's, the C
/// library's, which may be two.
fn staying() -> [usize; 4] {
    [
        look as *const () as usize,
        std::process::abort as *const () as usize,
        libc::dl_iterate_phdr as *const () as usize,
        libc::pthread_create as *const () as usize,
    ]
}

impl Tables {
    /// The rule of the code at `address`; `None` where the tables have none.
    fn rule(&self, address: usize) -> Option<Rule> {
        let bases = BaseAddresses::default().set_eh_frame_hdr(self.index.start as u64);
        let index = EhFrameHdr::new(bytes(&self.index), NativeEndian);
        let index = index.parse(&bases, WORD).ok()?;
        let start = index.eh_frame_ptr().direct().ok()? as usize;
        if !self.segment.contains(&start) {
            return None;
        }
        let bases = bases.set_eh_frame(start as u64);
        let mut frames = EhFrame::new(bytes(&(start..self.segment.end)), NativeEndian);
        frames.set_address_size(WORD);
        let cie = EhFrame::cie_from_offset;
        let address = address as u64;
        let frame = index
            .table()?
            .fde_for_address(&frames, &bases, address, cie);
        let frame = frame.ok()?;
        let mut context = UnwindContext::new_in();
        let row = frame.unwind_info_for_address(&frames, &bases, &mut context, address);
        let row = row.ok()?;
        let encoding = frame.cie().encoding();
        if let CfaRule::Expression(expression) = row.cfa() {
            return linked(expression.get(&frames).ok()?, encoding);
        }
        // After a handler's frame, addresses are not those of calls.
        if frame.is_signal_trampoline() {
            return None;
        }
        above(row)
    }
}

/// The rule of a frame that is found from a register.
fn above(row: &Row) -> Option<Rule> {
    match row.register(X86_64::RA)? {
        RegisterRule::Undefined => return Some(Rule::Outermost),
        RegisterRule::Offset(-8) => {}
        _ => return None,
    }
    let CfaRule::RegisterAndOffset { register, offset } = *row.cfa() else {
        return None;
    };
    let register = match register {
        X86_64::RSP => Register::Stack,
        X86_64::RBP => Register::Frame,
        _ => return None,
    };
    if row.register(X86_64::RSP).is_some() {
        return None;
    }
    let saved = match row.register(X86_64::RBP) {
        None | Some(RegisterRule::SameValue | RegisterRule::Undefined) => 0,
        Some(RegisterRule::Offset(offset)) if offset < 0 => words(-offset)?,
        Some(_) => return None,
    };
    Some(Rule::Above {
        register,
        words: words(offset)?,
        saved,
    })
}

/// The rule of a frame that is found from a word that the frame pointer points to, or near.
fn linked(expression: gimli::Expression<Section>, encoding: Encoding) -> Option<Rule> {
    let mut operations = expression.operations(encoding);
    let mut next = || operations.next().ok();
    let Operation::RegisterOffset {
        register: X86_64::RBP,
        offset,
        ..
    } = next()??
    else {
        return None;
    };
    let Operation::Deref {
        size: WORD,
        space: false,
        ..
    } = next()??
    else {
        return None;
    };
    let plus = match next()? {
        None => 0,
        Some(Operation::PlusConstant { value }) => words(value.try_into().ok()?)?,
        Some(_) => return None,
    };
    next()?.is_none().then_some(())?;
    Some(Rule::Linked {
        words: words(offset)?,
        plus,
    })
}

/// A distance in words; `None` where it is negative, or not whole.
fn words(bytes: i64) -> Option<usize> {
    let word = i64::from(WORD);
    (bytes >= 0 && bytes % word == 0).then_some((bytes / word) as usize)
}

/// What lies in memory there.
fn bytes(range: &Range<usize>) -> &'static [u8] {
    // SAFETY: the range is of an object's read-only segment, and the object stays loaded: `look`
    // sees to both.
    unsafe { std::slice::from_raw_parts(with_exposed_provenance(range.start), range.len()) }
}
