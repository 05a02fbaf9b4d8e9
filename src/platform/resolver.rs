//! Name look-up with the error codes of the system.

use std::ffi::CString;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::ptr;

use crate::platform::process::is_resource;

pub use super::lookup_failure::LookupFailure;

/// The addresses of a host, at most `most`, with port 0. Blocks as long as the system's resolver does.
pub fn look_up(host: &str, most: usize) -> Result<Vec<SocketAddr>, LookupFailure> {
    let host = CString::new(host).map_err(|_| LookupFailure::Unknown)?;
    // SAFETY: all-zero is a valid value of this plain C struct.
    let mut hints: libc::addrinfo = unsafe { std::mem::zeroed() };
    hints.ai_socktype = libc::SOCK_STREAM;
    let mut list: *mut libc::addrinfo = ptr::null_mut();
    // SAFETY: the name is NUL-terminated, and all pointers are valid for the call.
    let code = unsafe { libc::getaddrinfo(host.as_ptr(), ptr::null(), &hints, &mut list) };
    if code != 0 {
        return Err(lookup_failure(code, &io::Error::last_os_error()));
    }
    let mut found = Vec::new();
    let mut entry = list;
    while let (false, true) = (entry.is_null(), found.len() < most) {
        // SAFETY: an entry of the list that getaddrinfo made, which is freed below.
        let current = unsafe { &*entry };
        // SAFETY: its address belongs to it.
        found.extend(unsafe { address_of(current) });
        entry = current.ai_next;
    }
    if !list.is_null() {
        // SAFETY: the list comes from getaddrinfo and is freed once.
        unsafe { libc::freeaddrinfo(list) };
    }
    Ok(found)
}

fn lookup_failure(code: libc::c_int, system: &io::Error) -> LookupFailure {
    match code {
        libc::EAI_AGAIN => LookupFailure::Passing,
        libc::EAI_MEMORY => LookupFailure::Resource,
        libc::EAI_SYSTEM if is_resource(system) => LookupFailure::Resource,
        libc::EAI_SYSTEM => LookupFailure::Passing,
        _ => LookupFailure::Unknown,
    }
}

/// The caller promises an entry of getaddrinfo's list.
unsafe fn address_of(entry: &libc::addrinfo) -> Option<SocketAddr> {
    match entry.ai_family {
        libc::AF_INET => {
            // SAFETY: the family says which struct it is; read without assuming that it is aligned.
            let raw = unsafe { entry.ai_addr.cast::<libc::sockaddr_in>().read_unaligned() };
            let ip = Ipv4Addr::from(u32::from_be(raw.sin_addr.s_addr));
            Some(SocketAddrV4::new(ip, 0).into())
        }
        libc::AF_INET6 => {
            // SAFETY: as above.
            let raw = unsafe { entry.ai_addr.cast::<libc::sockaddr_in6>().read_unaligned() };
            let ip = Ipv6Addr::from(raw.sin6_addr.s6_addr);
            Some(SocketAddrV6::new(ip, 0, raw.sin6_flowinfo, raw.sin6_scope_id).into())
        }
        _ => None,
    }
}
