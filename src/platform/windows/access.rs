//! Who may use a file besides its owner, as its access list says, and the commands that close it to others. Accounts are
//! known by the texts of their SIDs.

use std::borrow::Cow;
use std::ffi::c_void;
use std::fmt;
use std::fs::File;
use std::io;
use std::os::windows::io::AsRawHandle as _;
use std::ptr;

use windows_sys::Win32::Foundation::{CloseHandle, ERROR_SUCCESS, GENERIC_ALL, GENERIC_READ, GENERIC_WRITE, LocalFree};
use windows_sys::Win32::Security as se;
use windows_sys::Win32::Security::Authorization as au;
use windows_sys::Win32::Storage::FileSystem as fs;
use windows_sys::Win32::System::Threading::{GetCurrentProcess, OpenProcessToken};

/// The system and its administrators, who may use every file.
const ALMIGHTY: [&str; 2] = ["S-1-5-18", "S-1-5-32-544"];
/// Whoever owns the file.
const OWNER_RIGHTS: &str = "S-1-3-4";
/// Whoever makes a file in the folder.
const CREATOR_OWNER: &str = "S-1-3-0";
const EVERYONE: &str = "S-1-1-0";

/// Rights to see what a file or folder holds.
const READS: u32 = fs::FILE_READ_DATA | GENERIC_READ | GENERIC_ALL;
/// Rights to change it, or who may.
const WRITES: u32 = fs::FILE_WRITE_DATA
    | fs::FILE_APPEND_DATA
    | fs::FILE_DELETE_CHILD
    | fs::DELETE
    | fs::WRITE_DAC
    | fs::WRITE_OWNER
    | GENERIC_WRITE
    | GENERIC_ALL;

/// Others may use a file: these accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Openness(Vec<String>);

impl fmt::Display for Openness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.0.iter().map(|sid| name_of(sid).unwrap_or_else(|| sid.clone())).collect();
        write!(f, "its access list lets in {}", names.join(", "))
    }
}

impl Openness {
    /// The command that closes a folder of the user's to others.
    pub fn close_folder(&self, path: &str) -> String {
        let user = own_account().unwrap_or_else(|_| OWNER_RIGHTS.to_owned());
        self.command(&user, "(OI)(CI)F", path)
    }

    fn command(&self, user: &str, rights: &str, path: &str) -> String {
        let others: String = self.0.iter().map(|sid| format!(" *{sid}")).collect();
        let (path, user) = (quoted(path), account(user));
        format!("icacls {path} /inheritance:r /grant:r \"{user}:{rights}\" /remove:g{others}")
    }
}

/// What can be done about who may use a file: a command, in which `FILE` is the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remedy(Option<How>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum How {
    Close(String, Openness),
    Own(String),
}

impl Remedy {
    /// Nothing that a command could do.
    pub(super) fn none() -> Remedy {
        Remedy(None)
    }

    /// The user closes it to these.
    pub(super) fn close(user: &str, others: &Openness) -> Remedy {
        Remedy(Some(How::Close(user.to_owned(), others.clone())))
    }

    /// An administrator gives it to the user.
    pub(super) fn own(user: &str) -> Remedy {
        Remedy(Some(How::Own(user.to_owned())))
    }

    /// The same as a hint for the file of this path.
    pub fn hint(&self, path: &str) -> String {
        match &self.0 {
            None => String::new(),
            Some(How::Close(user, others)) => format!("Run: {}", others.command(user, "F", path)),
            Some(How::Own(user)) => {
                format!("Run as an administrator: icacls {} /setowner \"{}\"", quoted(path), account(user))
            }
        }
    }

    /// What helps a file that cannot be opened at all.
    pub fn hint_for_unreadable(&self, _: &str) -> Option<String> {
        None
    }
}

/// An account as icacls takes it: by its name, or by its SID if it has none.
fn account(sid: &str) -> String {
    name_of(sid).unwrap_or_else(|| format!("*{sid}"))
}

fn quoted(path: &str) -> String {
    format!("\"{path}\"")
}

/// A path as a shell takes it, for commands in hints, and as a program takes it that has options.
pub fn in_shell(path: &str) -> Cow<'_, str> {
    if path.starts_with('-') {
        return in_shell(&format!(r".\{path}")).into_owned().into();
    }
    let is_plain = |c: char| c.is_ascii_alphanumeric() || r"\/:._-+".contains(c);
    if path.chars().all(is_plain) { path.into() } else { quoted(path).into() }
}

/// Whom an entry of an access list lets in.
#[derive(Debug)]
struct Entry {
    sid: String,
    rights: u32,
    /// Only for what will be made in the folder.
    is_for_new_files: bool,
}

/// The owner of a file, and its access list.
#[derive(Debug)]
pub(super) struct Security {
    owner: String,
    /// `None`: everybody may do everything.
    entries: Option<Vec<Entry>>,
}

/// What is found about who may use a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// The user, the system and administrators.
    Closed,
    /// It is another user's.
    Foreign,
    /// These may read it.
    Readable(Openness),
    /// These may change it, or who may.
    Writable(Openness),
}

impl Security {
    /// Whether a file of this user's is closed to others. In a folder what new files get counts, too.
    pub(super) fn judge(&self, user: &str, is_folder: bool) -> Found {
        let may = |sid: &str| sid == user || ALMIGHTY.contains(&sid);
        if !may(&self.owner) {
            return Found::Foreign;
        }
        let Some(entries) = &self.entries else { return Found::Writable(Openness(vec![EVERYONE.to_owned()])) };
        let is_others = |entry: &&Entry| {
            let is_owners = entry.sid == OWNER_RIGHTS || entry.is_for_new_files && entry.sid == CREATOR_OWNER;
            !may(&entry.sid) && !is_owners && (is_folder || !entry.is_for_new_files)
        };
        let with = |rights: u32| {
            let found = entries.iter().filter(is_others).filter(|entry| entry.rights & rights != 0);
            let mut sids: Vec<String> = found.map(|entry| entry.sid.clone()).collect();
            sids.sort_unstable();
            sids.dedup();
            Openness(sids)
        };
        let all = with(READS | WRITES);
        if !with(WRITES).0.is_empty() {
            Found::Writable(all)
        } else if !all.0.is_empty() {
            Found::Readable(all)
        } else {
            Found::Closed
        }
    }

    /// That of an open file.
    pub(super) fn of(file: &File) -> io::Result<Security> {
        let (mut owner, mut list, mut all) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
        let parts = se::OWNER_SECURITY_INFORMATION | se::DACL_SECURITY_INFORMATION;
        let (handle, none) = (file.as_raw_handle(), ptr::null_mut());
        // SAFETY: the handle is open, and the places are valid for the call.
        let code = unsafe {
            au::GetSecurityInfo(handle, au::SE_FILE_OBJECT, parts, &mut owner, none, &mut list, none.cast(), &mut all)
        };
        if code != ERROR_SUCCESS {
            return Err(io::Error::from_raw_os_error(code as i32));
        }
        let _all = Allocated(all);
        // SAFETY: both are in what the call has made, which lives to the end of this function.
        unsafe {
            let entries = (!list.is_null()).then(|| entries(list)).transpose()?;
            Ok(Security { owner: text_of(owner)?, entries })
        }
    }
}

/// What the system allocated, freed when it is dropped.
struct Allocated(*mut c_void);

impl Drop for Allocated {
    fn drop(&mut self) {
        // SAFETY: made by a function that says to free it so.
        unsafe { LocalFree(self.0) };
    }
}

/// The caller promises an access list.
unsafe fn entries(list: *const se::ACL) -> io::Result<Vec<Entry>> {
    const ALLOWED: [u8; 2] = [0, 9];
    const DENIED: [u8; 4] = [1, 6, 10, 12];
    let mut found = Vec::new();
    // SAFETY: as the caller promises; an entry belongs to the list, and one of these types has a mask and a SID.
    unsafe {
        for index in 0..u32::from((*list).AceCount) {
            let mut entry = ptr::null_mut();
            done(se::GetAce(list, index, &mut entry))?;
            let entry = entry.cast::<se::ACCESS_ALLOWED_ACE>();
            let header = (*entry).Header;
            if DENIED.contains(&header.AceType) {
                continue;
            }
            let is_for_new_files = u32::from(header.AceFlags) & se::INHERIT_ONLY_ACE != 0;
            let (sid, rights) = match ALLOWED.contains(&header.AceType) {
                true => (text_of((&raw const (*entry).SidStart).cast_mut().cast())?, (*entry).Mask),
                // Of a kind that no file has; whom it lets in, nobody can say.
                false => (EVERYONE.to_owned(), GENERIC_ALL),
            };
            found.push(Entry { sid, rights, is_for_new_files });
        }
    }
    Ok(found)
}

/// The account that this process acts as.
pub(super) fn own_account() -> io::Result<String> {
    let mut token = ptr::null_mut();
    let (mut user, mut length) = ([0u64; 32], 0);
    let room = size_of_val(&user) as u32;
    // SAFETY: the places are valid for the calls; the token is open until it is closed, once. What is read is a TOKEN_USER,
    // whose SID is in the same place.
    unsafe {
        done(OpenProcessToken(GetCurrentProcess(), se::TOKEN_QUERY, &mut token))?;
        let read = se::GetTokenInformation(token, se::TokenUser, user.as_mut_ptr().cast(), room, &mut length);
        let outcome = done(read);
        CloseHandle(token);
        outcome?;
        text_of((*user.as_ptr().cast::<se::TOKEN_USER>()).User.Sid)
    }
}

/// The caller promises a SID.
unsafe fn text_of(sid: se::PSID) -> io::Result<String> {
    let mut text = ptr::null_mut();
    // SAFETY: as the caller promises; the text is wide, ends with NUL, and is freed once.
    unsafe {
        done(au::ConvertSidToStringSidW(sid, &mut text))?;
        let _text = Allocated(text.cast());
        let length = (0..).take_while(|index| *text.add(*index) != 0).count();
        Ok(String::from_utf16_lossy(std::slice::from_raw_parts(text, length)))
    }
}

/// The name of an account.
fn name_of(sid: &str) -> Option<String> {
    let text = wide(sid);
    let (mut sid, mut kind) = (ptr::null_mut(), 0);
    let (mut name, mut domain) = ([0u16; 257], [0u16; 257]);
    let (mut name_length, mut domain_length) = (name.len() as u32, domain.len() as u32);
    // SAFETY: the text ends with NUL, and all places are valid for the calls and as long as they say.
    let found = unsafe {
        done(au::ConvertStringSidToSidW(text.as_ptr(), &mut sid)).ok()?;
        let _sid = Allocated(sid);
        let (name, domain) = (name.as_mut_ptr(), domain.as_mut_ptr());
        let lengths = (&mut name_length, &mut domain_length);
        se::LookupAccountSidW(ptr::null(), sid, name, lengths.0, domain, lengths.1, &mut kind)
    };
    let text = |wide: &[u16], length: u32| String::from_utf16(wide.get(..length as usize)?).ok();
    let name = text(&name, name_length).filter(|name| found != 0 && !name.is_empty())?;
    let domain = text(&domain, domain_length)?;
    Some(if domain.is_empty() { name } else { format!("{domain}\\{name}") })
}

fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}

/// What a function of the system that gives 0 for a failure says of it.
pub(super) fn done(outcome: windows_sys::core::BOOL) -> io::Result<()> {
    if outcome == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Whether it is a file or a folder, and no pipe or terminal.
pub(super) fn is_on_disk(file: &File) -> bool {
    // SAFETY: the handle is open.
    unsafe { fs::GetFileType(file.as_raw_handle()) == fs::FILE_TYPE_DISK }
}

/// Calls with the security that this text describes, for what is made then.
pub(super) fn with_security<T>(
    text: &str,
    make: impl FnOnce(&se::SECURITY_ATTRIBUTES) -> io::Result<T>,
) -> io::Result<T> {
    let (text, mut described) = (wide(text), ptr::null_mut());
    // SAFETY: the text ends with NUL, and the place is valid for the call.
    done(unsafe {
        let revision = au::SDDL_REVISION_1;
        let convert = au::ConvertStringSecurityDescriptorToSecurityDescriptorW;
        convert(text.as_ptr(), revision, &mut described, ptr::null_mut())
    })?;
    let described = Allocated(described);
    make(&se::SECURITY_ATTRIBUTES {
        nLength: size_of::<se::SECURITY_ATTRIBUTES>() as u32,
        lpSecurityDescriptor: described.0,
        bInheritHandle: 0,
    })
}

/// For tests: from now on these may use the file.
#[cfg(test)]
pub fn let_in(path: &std::path::Path, others: crate::platform::planted::Others) {
    use crate::platform::planted::Others;
    use std::os::windows::ffi::OsStrExt as _;
    let entry = match others {
        Others::None => "",
        Others::Readers => "(A;;FR;;;WD)",
        Others::Writers => "(A;;FA;;;WD)",
    };
    let path: Vec<u16> = path.as_os_str().encode_wide().chain([0]).collect();
    let text = format!("D:P(A;;FA;;;{}){entry}", own_account().expect("an account"));
    with_security(&text, |security| {
        let parts = se::DACL_SECURITY_INFORMATION | se::PROTECTED_DACL_SECURITY_INFORMATION;
        // SAFETY: the path ends with NUL, and the security is valid for the call.
        done(unsafe { se::SetFileSecurityW(path.as_ptr(), parts, security.lpSecurityDescriptor) })
    })
    .expect("its access list");
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "S-1-5-21-1-2-3-1000";
    const OTHER: &str = "S-1-5-21-1-2-3-1001";
    const SYSTEM: &str = ALMIGHTY[0];
    const ADMINISTRATORS: &str = ALMIGHTY[1];

    fn security(owner: &str, entries: &[(&str, u32, bool)]) -> Security {
        let entry = |(sid, rights, is_for_new_files): &(&str, u32, bool)| Entry {
            sid: (*sid).to_owned(),
            rights: *rights,
            is_for_new_files: *is_for_new_files,
        };
        Security { owner: owner.to_owned(), entries: Some(entries.iter().map(entry).collect()) }
    }

    #[test]
    fn who_may_read_and_change_a_file_decides() {
        let own = (OWN, fs::FILE_ALL_ACCESS, false);
        // As a file, as a folder: closed, foreign, readable, writable.
        let table: [(Security, &str); 14] = [
            (security(OWN, &[own]), "cc"),
            (security(OWN, &[]), "cc"),
            (security(OWN, &[own, (SYSTEM, GENERIC_ALL, false), (ADMINISTRATORS, GENERIC_ALL, false)]), "cc"),
            (security(ADMINISTRATORS, &[own]), "cc"),
            (security(SYSTEM, &[own, (OWNER_RIGHTS, GENERIC_ALL, false)]), "cc"),
            (security(OTHER, &[own]), "ff"),
            (security(OWN, &[own, (OTHER, fs::FILE_GENERIC_READ, false)]), "rr"),
            (security(OWN, &[own, (EVERYONE, fs::FILE_READ_ATTRIBUTES | fs::SYNCHRONIZE, false)]), "cc"),
            (security(OWN, &[own, (EVERYONE, fs::FILE_APPEND_DATA, false)]), "ww"),
            (security(OWN, &[own, (EVERYONE, fs::WRITE_DAC, false)]), "ww"),
            (security(OWN, &[own, (EVERYONE, GENERIC_ALL, false)]), "ww"),
            (security(OWN, &[own, (EVERYONE, GENERIC_READ, true)]), "cr"),
            (security(OWN, &[own, (CREATOR_OWNER, GENERIC_ALL, true)]), "cc"),
            (Security { owner: OWN.to_owned(), entries: None }, "ww"),
        ];
        for (security, wanted) in table {
            let letter = |is_folder| match security.judge(OWN, is_folder) {
                Found::Closed => 'c',
                Found::Foreign => 'f',
                Found::Readable(_) => 'r',
                Found::Writable(_) => 'w',
            };
            assert_eq!([letter(false), letter(true)].iter().collect::<String>(), wanted, "{security:?}");
        }
    }

    #[test]
    fn the_commands_name_the_user_and_the_others() {
        let others = Openness(vec![EVERYONE.to_owned(), OTHER.to_owned()]);
        let wanted = format!(
            "Run: icacls \"C:\\a b\\s.txt\" /inheritance:r /grant:r \"*{OWN}:F\" /remove:g *{EVERYONE} *{OTHER}"
        );
        assert_eq!(Remedy::close(OWN, &others).hint("C:\\a b\\s.txt"), wanted);
        let wanted = format!("Run as an administrator: icacls \"s.txt\" /setowner \"*{OWN}\"");
        assert_eq!(Remedy::own(OWN).hint("s.txt"), wanted);
        assert!(others.to_string().ends_with(OTHER), "without a name its number: {others}");
    }

    #[test]
    fn accounts_have_names() {
        let own = own_account().expect("an account");
        assert!(own.starts_with("S-1-5-"), "{own}");
        assert!(name_of(EVERYONE).is_some_and(|name| !name.contains("S-1-")));
        assert!(name_of(OTHER).is_none() && name_of("no SID").is_none());
    }
}
