//! The operating system's trust store: where it is, whether it has changed, and what it holds.

use std::ffi::CStr;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use once_cell::race::OnceBox;
use rustls::RootCertStore;
use rustls::pki_types::{CertificateDer, TrustAnchor};

use crate::error::{Error, Reason, Result, file_trouble};
use crate::platform::file::{Stamp, stamp};
use crate::platform::{process, trust_store};
use crate::wire::pem;

/// The variables that choose the system's trust store, as they do for OpenSSL and Go: a file, and folders.
pub const TRUST_VARIABLES: [&CStr; 2] = [c"SSL_CERT_FILE", c"SSL_CERT_DIR"];

/// A variable; one that is empty is not there.
pub fn chosen(variable: &CStr) -> Option<PathBuf> {
    process::variable(variable).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// Where the trust store is, and what state it is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    file: Option<PathBuf>,
    folders: Vec<PathBuf>,
    /// Whether the variables say so.
    is_chosen: bool,
    /// In the order of the file, the folders and, if they were chosen, what is in these.
    stamps: Vec<Stamp>,
}

/// No more entries of a folder are looked at for changes.
const MAX_ENTRIES: usize = 1000;

impl Store {
    /// The store that counts now.
    pub fn find() -> Store {
        let [file, folders] = TRUST_VARIABLES.map(chosen);
        let is_chosen = file.is_some() || folders.is_some();
        let (file, folders) = if is_chosen {
            let folders = folders.iter().flat_map(std::env::split_paths);
            (file, folders.filter(|folder| !folder.as_os_str().is_empty()).collect())
        } else {
            trust_store::usual()
        };
        let mut stamps: Vec<Stamp> = file.iter().chain(&folders).map(|path| stamp(path)).collect();
        if is_chosen {
            let entries = folders.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten().flatten();
            // In the order of the folder, which stays while nothing in it changes.
            stamps.extend(entries.take(MAX_ENTRIES).map(|entry| stamp(&entry.path())));
        }
        Store { file, folders, is_chosen, stamps }
    }

    /// What tells it from other stores, whatever is in it now: nothing of the system's own, of one that variables choose
    /// its paths.
    pub fn chosen_paths(&self) -> impl Iterator<Item = &Path> {
        self.file.iter().chain(&self.folders).map(PathBuf::as_path).filter(|_| self.is_chosen)
    }

    /// The authorities in it. Once in the library, because it is called in two places and seldom.
    #[inline(never)]
    pub fn roots(&self) -> Result<Roots> {
        if !self.is_chosen {
            // What is in the folders is mostly the same once more, and takes ten times as long to read.
            let known = known(self.file.iter().flat_map(|file| read_bundle(file)).flatten());
            if !known.is_empty() {
                return Ok(Roots { known, ..Roots::among(self.folders.clone()) });
            }
        }
        self.all_roots().map(Roots::from)
    }

    /// The same, read when a server is verified: a program that finds its token elsewhere may never need them. Where a
    /// look tells that they cannot be read, they are read now, and what is wrong is told now.
    pub fn roots_later(&self) -> Result<Roots> {
        let holds_something =
            |file: &PathBuf| fs::File::open(file).and_then(|file| file.metadata()).is_ok_and(|about| about.len() > 0);
        let is_there = match self.is_chosen {
            // What is in no file nobody can look at without reading all of it.
            false => !trust_store::IS_IN_FILES || self.file.as_ref().is_some_and(holds_something),
            true => self.file.iter().all(holds_something) && self.folders.iter().all(|folder| folder.is_dir()),
        };
        if is_there { Ok(Roots { later: Some(self.clone()), ..Roots::among(Vec::new()) }) } else { self.roots() }
    }

    fn all_roots(&self) -> Result<RootCertStore> {
        let mut roots = RootCertStore::empty();
        if !self.is_chosen && self.file.is_none() && self.folders.is_empty() {
            roots.add_parsable_certificates(load(None, None).certs);
        }
        let [of_file, of_folders] = TRUST_VARIABLES;
        let file = self.file.iter().map(|file| (of_file, Some(file.as_path()), None));
        let folders = self.folders.iter().map(|folder| (of_folders, None, Some(folder.as_path())));
        for (variable, file, folder) in file.chain(folders) {
            if let Some(certificates) = file.and_then(read_bundle) {
                roots.add_parsable_certificates(certificates);
                continue;
            }
            let found = load(file, folder);
            if let (true, Some(error)) = (self.is_chosen, found.errors.first()) {
                return Err(unusable(variable, format_args!("cannot be read: {}", in_words(error))));
            }
            if self.is_chosen && file.is_some() && found.certs.is_empty() {
                return Err(unusable(variable, "holds no certificate in PEM form"));
            }
            roots.add_parsable_certificates(found.certs);
        }
        match (roots.is_empty(), self.is_chosen) {
            (false, _) => Ok(roots),
            (true, true) if self.file.is_some() => Err(unusable(of_file, "holds no usable certificate")),
            (true, true) => Err(unusable(of_folders, "holds no certificate")),
            (true, false) => {
                let error = Error::new(Reason::ConfigFile, "the system's trust store is empty or missing");
                Err(error.with_hint(trust_store::REMEDY))
            }
        }
    }
}

/// The authorities that chains may end in.
pub struct Roots {
    known: RootCertStore,
    /// Where all of them are, if they are read when they are needed, and what was read then.
    later: Option<Store>,
    read: OnceBox<Result<Roots>>,
    /// Folders with more of them, which are read when a chain ends in none of those that are known.
    folders: Vec<PathBuf>,
    rest: OnceBox<RootCertStore>,
}

impl fmt::Debug for Roots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Roots")
    }
}

impl From<RootCertStore> for Roots {
    fn from(known: RootCertStore) -> Roots {
        Roots { known, ..Roots::among(Vec::new()) }
    }
}

impl Roots {
    fn among(folders: Vec<PathBuf>) -> Roots {
        let (read, rest) = (OnceBox::new(), OnceBox::new());
        Roots { known: RootCertStore::empty(), later: None, read, folders, rest }
    }

    /// With them at hand, read now if nobody has needed them before.
    pub fn at_hand(&self) -> Result<&Roots> {
        let Some(store) = &self.later else { return Ok(self) };
        self.read.get_or_init(|| Box::new(store.roots())).as_ref().map_err(Error::clone)
    }

    /// Those that were known at first, to add more.
    pub fn known_mut(&mut self) -> &mut RootCertStore {
        &mut self.known
    }

    /// All that were read so far.
    pub fn anchors(&self) -> impl Iterator<Item = &TrustAnchor<'static>> {
        let read = self.read.get().and_then(|read| read.as_ref().ok()).unwrap_or(self);
        read.known.roots.iter().chain(read.rest.get().into_iter().flat_map(|rest| &rest.roots))
    }

    /// Verifies with those that are known and, if that fails, with the rest. The failure is that of the first.
    pub fn verify<T, E>(
        &self,
        verify: impl Fn(&[TrustAnchor<'static>]) -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        verify(&self.known.roots).or_else(|error| {
            let rest = self.rest.get_or_init(|| {
                let load = |folder| load(None, Some(folder)).certs;
                Box::new(known(self.folders.iter().map(PathBuf::as_path).flat_map(load)))
            });
            verify(&rest.roots).map_err(|_| error)
        })
    }
}

fn known(certificates: impl IntoIterator<Item = CertificateDer<'static>>) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(certificates);
    roots
}

/// The certificates of a file in the form in which systems write it. Any other form is left to a reader that is slower and
/// tells what is wrong.
fn read_bundle(file: &Path) -> Option<Vec<CertificateDer<'static>>> {
    pem::bundle(&fs::read_to_string(file).ok()?)
}

/// What is in a file and a folder; where neither is named, what the system gives if its own are in no file.
fn load(file: Option<&Path>, folder: Option<&Path>) -> rustls_native_certs::CertificateResult {
    if trust_store::IS_IN_FILES || file.is_some() || folder.is_some() {
        return rustls_native_certs::load_certs_from_paths(file, folder);
    }
    rustls_native_certs::load_native_certs()
}

fn unusable(variable: &CStr, what: impl fmt::Display) -> Error {
    let variable = variable.to_string_lossy();
    Error::new(Reason::ConfigFile, format!("the trust store that {variable} names {what}"))
        .with_hint(format!("Correct the variable {variable} or unset it, or name a CA with tg_config_set_ca_file."))
}

fn in_words(error: &rustls_native_certs::Error) -> String {
    match &error.kind {
        rustls_native_certs::ErrorKind::Io { inner, path } => format!("{}: {}", path.display(), file_trouble(inner)),
        _ => "it is no valid PEM".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tigergraph_standin::TestCa;

    #[test]
    fn folders_are_read_when_nobody_else_is_left() {
        let folder = std::env::temp_dir().join(format!("tigergraph-auth-store-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("12345678.0"), TestCa::new("in a folder").pem()).unwrap();
        let known = known(pem::bundle(TestCa::new("in the file").pem()).unwrap());
        let roots = Roots { known, ..Roots::among(vec![folder.clone()]) };
        let contains = |name: &str| {
            let has = |anchor: &TrustAnchor| anchor.subject.windows(name.len()).any(|bytes| bytes == name.as_bytes());
            roots.verify(|anchors| if anchors.iter().any(has) { Ok(anchors.len()) } else { Err(anchors.len()) })
        };
        assert_eq!(contains("in the file"), Ok(1));
        assert_eq!(roots.anchors().count(), 1);
        assert_eq!(contains("in a folder"), Ok(1));
        assert_eq!(roots.anchors().count(), 2);
        assert_eq!(contains("nowhere"), Err(1));
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn what_is_read_later_is_read_once_and_verifies_the_same() {
        let file = std::env::temp_dir().join(format!("tigergraph-auth-later-{}.pem", std::process::id()));
        // Only a chosen store has a file where the system's own certificates are in none.
        for is_chosen in [false, true].into_iter().filter(|is_chosen| *is_chosen || trust_store::IS_IN_FILES) {
            let store = Store { file: Some(file.clone()), folders: vec![], is_chosen, stamps: vec![] };
            fs::write(&file, TestCa::new("read later").pem()).unwrap();
            let roots = store.roots_later().unwrap();
            assert_eq!(roots.anchors().count(), 0, "nobody was verified");
            let count = |anchors: &[TrustAnchor]| if anchors.is_empty() { Err(()) } else { Ok(anchors.len()) };
            assert_eq!(roots.at_hand().unwrap().verify(count), Ok(1));
            fs::write(&file, "garbage").unwrap();
            assert_eq!((roots.at_hand().unwrap().verify(count), roots.anchors().count()), (Ok(1), 1));
            // What is wrong in it is told when it is read, and what is not there at once.
            let reason = store.roots_later().unwrap().at_hand().unwrap_err().reason();
            assert_eq!(reason, Reason::ConfigFile);
            for content in [Some(""), None] {
                match content {
                    Some(content) => fs::write(&file, content).unwrap(),
                    None => fs::remove_file(&file).unwrap(),
                }
                assert_eq!(store.roots_later().unwrap_err().reason(), Reason::ConfigFile, "{content:?}");
            }
        }
    }

    /// Debian's, with nothing but certificates, is read at once; what has anything else in it is not.
    #[test]
    fn a_bundle_is_nothing_but_certificates() {
        let (one, other) = (TestCa::new("one"), TestCa::new("other"));
        let both = format!("# one\n{}\n{}", one.pem(), other.pem());
        assert_eq!(pem::bundle(&both).map(|found| found.len()), Some(2));
        for text in [
            "",
            "# nothing\n",
            &both[..both.len() - 40],
            &both.replace("CERTIFICATE-", "X509 CRL-"),
            &both.replace("MII", "M!I"),
        ] {
            assert!(pem::bundle(text).is_none(), "{text}");
        }
    }
}
