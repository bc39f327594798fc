//! What is loaded into rustc so that `fetch_max` and `fetch_min` become calls, as other updates do.
//!
//! LLVM's ThreadSanitizer pass has no call for the minima and maxima of atomics and leaves them as they
//! are, so that what they order would not be known. rustc makes an update of an atomic by
//! `LLVMBuildAtomicRMW` of LLVM's interface for C. This library stands in front of that function
//! (`LD_PRELOAD`): of the four that the pass passes over it makes a call of the run-time library, by
//! the same stable interface, and hands all else on.
//!
//! The calls are `iN -> i64` extended without sign, so that no rule for narrow arguments matters:
//!
//! ```c
//! uint64_t __deadheat_atomic32_fetch_umax(uint32_t *place, uint64_t value, int ordering);
//! ```
//!
//! The numbers of orderings are those of C. Processes without LLVM, such as the linker that rustc
//! starts, load it, too, and never call it. It is one file that needs the standard library alone, so
//! that `deadheat` can carry its text and compile it with the compiler that it is for.
#![cfg(all(target_os = "linux", target_pointer_width = "64"))]

use std::ffi::{CStr, c_char, c_int, c_uint, c_ulonglong, c_void};
use std::ptr::null_mut;
use std::sync::OnceLock;

/// A builder, value, type, block, module or context of LLVM's.
type Handle = *mut c_void;

unsafe extern "C" {
    fn dlsym(library: *mut c_void, name: *const c_char) -> *mut c_void;
}

/// The definition behind this library's, of `dlsym`.
const NEXT: *mut c_void = usize::MAX as *mut c_void;

macro_rules! interface {
    ($($field:ident = $name:literal ($($argument:ty),*) -> $result:ty;)*) => {
        /// What is used of LLVM.
        struct Llvm { $($field: unsafe extern "C" fn($($argument),*) -> $result,)* }

        impl Llvm {
            /// `None` where a function is not there: then it is not the LLVM that this is for.
            fn find() -> Option<Self> {
                $(
                    // SAFETY: a name that ends with zero, and a handle that `dlsym` knows.
                    let $field = unsafe { dlsym(NEXT, concat!($name, "\0").as_ptr().cast()) };
                    if $field.is_null() {
                        return None;
                    }
                )*
                // SAFETY: these functions have these types since LLVM 15, and LLVM keeps them.
                unsafe {
                    Some(Self { $($field: std::mem::transmute::<
                        *mut c_void, unsafe extern "C" fn($($argument),*) -> $result>($field),)* })
                }
            }
        }
    };
}

interface! {
    type_of = "LLVMTypeOf"(Handle) -> Handle;
    type_kind = "LLVMGetTypeKind"(Handle) -> c_uint;
    width = "LLVMGetIntTypeWidth"(Handle) -> c_uint;
    type_context = "LLVMGetTypeContext"(Handle) -> Handle;
    int_type = "LLVMIntTypeInContext"(Handle, c_uint) -> Handle;
    pointer_type = "LLVMPointerTypeInContext"(Handle, c_uint) -> Handle;
    function_type = "LLVMFunctionType"(Handle, *mut Handle, c_uint, c_int) -> Handle;
    insert_block = "LLVMGetInsertBlock"(Handle) -> Handle;
    block_parent = "LLVMGetBasicBlockParent"(Handle) -> Handle;
    global_parent = "LLVMGetGlobalParent"(Handle) -> Handle;
    named_function = "LLVMGetNamedFunction"(Handle, *const c_char) -> Handle;
    add_function = "LLVMAddFunction"(Handle, *const c_char, Handle) -> Handle;
    constant = "LLVMConstInt"(Handle, c_ulonglong, c_int) -> Handle;
    extend = "LLVMBuildZExt"(Handle, Handle, Handle, *const c_char) -> Handle;
    truncate = "LLVMBuildTrunc"(Handle, Handle, Handle, *const c_char) -> Handle;
    attribute_kind = "LLVMGetEnumAttributeKindForName"(*const c_char, usize) -> c_uint;
    attribute = "LLVMCreateEnumAttribute"(Handle, c_uint, u64) -> Handle;
    add_attribute = "LLVMAddAttributeAtIndex"(Handle, c_uint, Handle) -> ();
    call = "LLVMBuildCall2"(Handle, Handle, Handle, *mut Handle, c_uint, *const c_char) -> Handle;
}

/// `LLVMIntegerTypeKind`.
const INTEGER: c_uint = 8;

/// `LLVMAttributeFunctionIndex`.
const FUNCTION: c_uint = c_uint::MAX;

/// The name of the call for an update of `width` bits, by its number in `LLVMAtomicRMWBinOp`; `None`
/// for one that the pass knows, and where there is no call.
fn name(operation: c_uint, width: c_uint) -> Option<&'static CStr> {
    macro_rules! names {
        ($($operation:literal, $width:literal: $name:literal;)*) => {
            match (operation, width) {
                $(($operation, $width) => Some($name),)*
                _ => None,
            }
        };
    }
    names! {
        7, 8: c"__deadheat_atomic8_fetch_max";
        7, 16: c"__deadheat_atomic16_fetch_max";
        7, 32: c"__deadheat_atomic32_fetch_max";
        7, 64: c"__deadheat_atomic64_fetch_max";
        8, 8: c"__deadheat_atomic8_fetch_min";
        8, 16: c"__deadheat_atomic16_fetch_min";
        8, 32: c"__deadheat_atomic32_fetch_min";
        8, 64: c"__deadheat_atomic64_fetch_min";
        9, 8: c"__deadheat_atomic8_fetch_umax";
        9, 16: c"__deadheat_atomic16_fetch_umax";
        9, 32: c"__deadheat_atomic32_fetch_umax";
        9, 64: c"__deadheat_atomic64_fetch_umax";
        10, 8: c"__deadheat_atomic8_fetch_umin";
        10, 16: c"__deadheat_atomic16_fetch_umin";
        10, 32: c"__deadheat_atomic32_fetch_umin";
        10, 64: c"__deadheat_atomic64_fetch_umin";
    }
}

/// The number that C has for an ordering of `LLVMAtomicOrdering`.
fn ordering(number: c_uint) -> c_ulonglong {
    match number {
        0..=2 => 0,
        4 => 2,
        5 => 3,
        6 => 4,
        _ => 5,
    }
}

impl Llvm {
    /// The call that stands for the update; `None` for one that stays as it is.
    ///
    /// # Safety
    ///
    /// The handles are what LLVM's function of this purpose wants.
    unsafe fn call_for(
        &self,
        builder: Handle,
        operation: c_uint,
        place: Handle,
        value: Handle,
        order: c_uint,
    ) -> Option<Handle> {
        let unnamed = c"".as_ptr();
        // SAFETY: the handles are valid, and those that are asked for come from them.
        unsafe {
            let narrow = (self.type_of)(value);
            if (self.type_kind)(narrow) != INTEGER {
                return None;
            }
            let width = (self.width)(narrow);
            let name = name(operation, width)?.as_ptr();
            let block = (self.insert_block)(builder);
            let module = (self.global_parent)((self.block_parent)(block));
            let context = (self.type_context)(narrow);
            let wide = (self.int_type)(context, 64);
            let int = (self.int_type)(context, c_int::BITS);
            let mut types = [(self.pointer_type)(context, 0), wide, int];
            let kind = (self.function_type)(wide, types.as_mut_ptr(), 3, 0);
            let mut function = (self.named_function)(module, name);
            if function.is_null() {
                function = (self.add_function)(module, name, kind);
                let nounwind = c"nounwind";
                let nounwind = (self.attribute_kind)(nounwind.as_ptr(), nounwind.count_bytes());
                let nounwind = (self.attribute)(context, nounwind, 0);
                (self.add_attribute)(function, FUNCTION, nounwind);
            }
            let is_narrow = width < 64;
            let value = if is_narrow {
                (self.extend)(builder, value, wide, unnamed)
            } else {
                value
            };
            let mut arguments = [place, value, (self.constant)(int, ordering(order), 0)];
            let old = (self.call)(builder, kind, function, arguments.as_mut_ptr(), 3, unnamed);
            Some(if is_narrow {
                (self.truncate)(builder, old, narrow, unnamed)
            } else {
                old
            })
        }
    }
}

/// The type of LLVM's function that this stands in front of.
type Update = unsafe extern "C" fn(Handle, c_uint, Handle, Handle, c_uint, c_int) -> Handle;

/// LLVM's function of this name: an update of the atomic at `place`; the value that was there.
///
/// # Safety
///
/// As LLVM has it: all are valid, of one context, and the builder has a place in a function.
#[unsafe(no_mangle)]
unsafe extern "C" fn LLVMBuildAtomicRMW(
    builder: Handle,
    operation: c_uint,
    place: Handle,
    value: Handle,
    order: c_uint,
    single_threaded: c_int,
) -> Handle {
    static LLVM: OnceLock<Option<Llvm>> = OnceLock::new();
    static BEHIND: OnceLock<Option<Update>> = OnceLock::new();
    let find = || {
        // SAFETY: a name that ends with zero, and a handle that `dlsym` knows.
        let found = unsafe { dlsym(NEXT, c"LLVMBuildAtomicRMW".as_ptr()) };
        // SAFETY: the function has this type; one that is not there becomes `None`.
        unsafe { std::mem::transmute::<*mut c_void, Option<Update>>(found) }
    };
    // SAFETY: as the caller says.
    unsafe {
        let llvm = LLVM.get_or_init(Llvm::find).as_ref();
        let call = llvm
            .filter(|_| single_threaded == 0)
            .and_then(|llvm| llvm.call_for(builder, operation, place, value, order));
        match (call, BEHIND.get_or_init(find)) {
            (Some(call), _) => call,
            (None, Some(update)) => {
                update(builder, operation, place, value, order, single_threaded)
            }
            (None, None) => null_mut(),
        }
    }
}
