//! What is found about files with credentials and folders with tokens, whoever looks for it in which system.

use std::fs::File;
use std::io;
use std::path::PathBuf;

use super::access::Openness;

/// A file with a credential that may be used.
#[derive(Debug)]
pub struct SecretFile {
    /// To be read from its beginning.
    pub file: File,
    /// Whether it can be read once only: a pipe, or one of the process's own descriptors, such as /dev/stdin.
    pub is_passing: bool,
    /// What is to be told of it all the same.
    pub caution: Option<Caution>,
}

/// What is to be told of a file that is used.
#[cfg_attr(windows, allow(dead_code))] // nothing is used there that others may read
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caution {
    /// Other users may read it. Nobody can change that, because its mount is read-only.
    OpenTo(Openness),
    /// It belongs to this user, who may change it, and the process is root's.
    OwnedBy(u32),
}

/// Why a file is not used.
#[cfg_attr(windows, allow(dead_code))] // links are not looked at there
#[derive(Debug)]
pub enum Refusal {
    /// It cannot be opened.
    Unreadable(io::Error),
    /// It is neither a file nor a pipe.
    Kind,
    /// Another user owns this link on the way to it, and may have it lead elsewhere.
    Link(PathBuf),
    /// It belongs to another user, who may read and change it.
    OtherOwner,
    /// Other users may read it.
    OpenTo(Openness),
    /// Other users may change it.
    Writable(Openness),
}

/// Why a folder is not used.
#[derive(Debug)]
pub enum FolderRefusal {
    /// It cannot be opened, or made.
    Unusable(io::Error),
    /// It is a link, which may lead elsewhere at any time.
    Link,
    /// It belongs to another user.
    OtherOwner,
    /// Other users may use it.
    OpenTo(Openness),
}
