//! Handles: how an object becomes a pointer that C holds, and how a pointer from C becomes the object again.
//!
//! An argument is first wrapped, by an unsafe constructor that names what the caller promises of the pointer. The
//! wrapper's type says what the call may do with the handle, and its methods are safe. They give references that
//! live no longer than the wrapper, which is a local variable of the exported function.

use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::sync::Arc;

pub(super) use crate::checks::null;
use crate::error::Result;
use crate::platform::thread_group::ThreadGroup;
use crate::platform::users::{Ticket, Users};

/// A type of the header whose objects are made here. C sees pointers to it.
pub(super) trait Handle: Sized {
    /// What owns the object behind the pointer while C holds it.
    type Owner: Owner;
}

/// The object behind a handle.
type Object<H> = <<H as Handle>::Owner as Deref>::Target;

/// A pointer that owns: it can be given away as a raw pointer, and be taken back.
pub(super) trait Owner: Deref<Target: Sized> + Sized {
    fn into_raw(self) -> *const Self::Target;

    /// The caller promises that `into_raw` of the same type made `object`, and that it is taken back once for each
    /// time that it was given away.
    unsafe fn from_raw(object: *const Self::Target) -> Self;
}

impl<T> Owner for Box<T> {
    fn into_raw(self) -> *const T {
        Box::into_raw(self).cast_const()
    }

    unsafe fn from_raw(object: *const T) -> Box<T> {
        // SAFETY: as promised by the caller; the pointer was mutable when `into_raw` made it.
        unsafe { Box::from_raw(object.cast_mut()) }
    }
}

impl<T> Owner for Arc<T> {
    fn into_raw(self) -> *const T {
        Arc::into_raw(self)
    }

    unsafe fn from_raw(object: *const T) -> Arc<T> {
        // SAFETY: as promised by the caller.
        unsafe { Arc::from_raw(object) }
    }
}

/// Gives an object to C, which frees it with the `_free` function of its type.
pub(super) fn into_handle<H: Handle>(owner: H::Owner) -> *mut H {
    owner.into_raw().cast_mut().cast()
}

/// A handle whose object is read.
pub(super) struct Borrowed<H>(*const H);

impl<H: Handle> Borrowed<H> {
    /// The caller promises that `handle` is NULL or points to a live object, which is neither changed nor freed
    /// while this value is used.
    pub(super) unsafe fn new(handle: *const H) -> Borrowed<H> {
        Borrowed(handle)
    }

    /// The object, or `None` for NULL.
    pub(super) fn get(&self) -> Option<&Object<H>> {
        // SAFETY: NULL gives `None`; otherwise the caller of `new` promised a live object that nothing changes.
        unsafe { self.0.cast::<Object<H>>().as_ref() }
    }

    /// The object, which must be there.
    pub(super) fn required(&self, name: &str) -> Result<&Object<H>> {
        self.get().ok_or_else(|| null(name))
    }
}

/// A handle of an object that counts its owners: a call becomes one of them, so that the object lives as long as
/// the call even if another thread frees the handle meanwhile.
pub(super) struct Counted<H>(*const H);

impl<T, H: Handle<Owner = Arc<T>>> Counted<H> {
    /// The caller promises that `handle` is NULL or was made by `into_handle`, and that it is not freed before
    /// `hold` returned.
    pub(super) unsafe fn new(handle: *const H) -> Counted<H> {
        Counted(handle)
    }

    /// Another owner of the object, or `None` for NULL.
    #[inline]
    pub(super) fn hold(&self) -> Option<Arc<T>> {
        if self.0.is_null() {
            return None;
        }
        let object = self.0.cast::<T>();
        // SAFETY: the caller of `new` promised a pointer of an `Arc<T>` that is still counted; the reference that
        // is made here is counted first.
        Some(unsafe {
            Arc::increment_strong_count(object);
            Arc::from_raw(object)
        })
    }
}

/// An object that calls use on several threads at a time, while one of them may free its handle.
pub(super) struct Shared<T> {
    users: Users,
    object: T,
}

impl<T> Shared<T> {
    pub(super) fn new(object: T) -> Box<Shared<T>> {
        Box::new(Shared { users: Users::default(), object })
    }
}

/// A handle of such an object.
pub(super) struct Live<H>(*const H);

impl<T, H: Handle<Owner = Box<Shared<T>>>> Live<H> {
    /// The caller promises that `handle` is NULL or was made by `into_handle`, and that it is not freed before
    /// `enter` returned.
    pub(super) unsafe fn new(handle: *const H) -> Live<H> {
        Live(handle)
    }

    /// The object, which is there as long as this call, on a thread of this group, uses it even if another thread frees
    /// the handle meanwhile, or `None` for NULL.
    #[inline]
    pub(super) fn enter(&self, group: ThreadGroup) -> Option<Using<T>> {
        let shared = self.0.cast::<Shared<T>>();
        // SAFETY: NULL gives `None`; otherwise the caller of `new` promised a live object.
        let ticket = unsafe { shared.as_ref() }?.users.enter(group);
        Some(Using { shared, ticket: ManuallyDrop::new(ticket) })
    }
}

/// An object that a call uses.
pub(super) struct Using<T> {
    shared: *const Shared<T>,
    /// Given back when the call is over.
    ticket: ManuallyDrop<Ticket>,
}

impl<T> Deref for Using<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: made from a live object, which nobody drops before this user has left.
        &unsafe { &*self.shared }.object
    }
}

impl<T> Drop for Using<T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: as in `deref`; the ticket is taken nowhere else. Whoever is told to drop the object is the only one who
        // is, and nobody uses it then.
        unsafe {
            if (*self.shared).users.leave(ManuallyDrop::take(&mut self.ticket)) {
                drop(Box::from_raw(self.shared.cast_mut()));
            }
        }
    }
}

/// A handle whose object is changed.
pub(super) struct Exclusive<H>(*mut H);

impl<T, H: Handle<Owner = Box<T>>> Exclusive<H> {
    /// The caller promises that `handle` is NULL or points to a live object, and that nothing else uses the object
    /// while this value is used.
    pub(super) unsafe fn new(handle: *mut H) -> Exclusive<H> {
        Exclusive(handle)
    }

    /// The object, or `None` for NULL.
    pub(super) fn get(&mut self) -> Option<&mut T> {
        // SAFETY: NULL gives `None`; otherwise the caller of `new` promised a live object that nothing else uses.
        unsafe { self.0.cast::<T>().as_mut() }
    }
}

/// A handle that the caller gives back.
pub(super) struct Freed<H>(*mut H);

impl<H: Handle> Freed<H> {
    /// The caller promises that, if `take` is called, `handle` is NULL, or was made by `into_handle` and is not used
    /// by anybody after this.
    pub(super) unsafe fn new(handle: *mut H) -> Freed<H> {
        Freed(handle)
    }

    /// What owned the object while C held the handle, or `None` for NULL.
    #[inline]
    pub(super) fn take(self) -> Option<H::Owner> {
        if self.0.is_null() {
            return None;
        }
        // SAFETY: the caller of `new` promised a pointer that `into_handle` made, and that this is its only end.
        Some(unsafe { H::Owner::from_raw(self.0.cast_const().cast()) })
    }
}

impl<T, H: Handle<Owner = Box<Shared<T>>>> Freed<H> {
    /// Does a last thing with the object, and gives it up: it is dropped when no call uses it any more.
    pub(super) fn give_up(self, last: impl FnOnce(&T)) {
        let shared = self.0.cast::<Shared<T>>();
        // SAFETY: NULL, or made by `into_handle`, as the caller of `new` promised; calls may still use the object.
        let Some(live) = (unsafe { shared.as_ref() }) else { return };
        live.users.check();
        last(&live.object);
        if live.users.end() {
            // SAFETY: nobody uses it, and nobody else is told to drop it.
            drop(unsafe { Box::from_raw(shared) });
        }
    }
}
