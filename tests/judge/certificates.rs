//! Certificates: an authority, up to two between, and a server's certificate, good but for what the features of a case
//! change. The verdict is whether a client accepts the server.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, CustomExtension, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose as Use, GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose as Usage, NameConstraints,
    SanType, SerialNumber, date_time_ymd,
};
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use crate::case::{Case, Features, to_pem};
use crate::made::{self, Made};
use crate::place::{PLAIN, Role};
use crate::random::Random;

pub const HOST: &str = "db.example.com";

/// What a case's certificates are to be.
pub struct Plan {
    host: &'static str,
    root: CertificateParams,
    /// From the root to the server.
    between: Vec<CertificateParams>,
    leaf: CertificateParams,
    /// The kinds of keys of root and leaf.
    root_key: Kind,
    leaf_key: Kind,
    order: Order,
    trusted: Trusted,
    /// How many features say what is in the CA file.
    opinions: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    P256,
    P384,
    Ed25519,
    Rsa,
}

/// How the server sends its chain.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    Usual,
    WithRoot,
    LeafAlone,
    Backwards,
    Twice,
    WithStranger,
}

/// What is in the CA file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Trusted {
    Root,
    RootAndBetween,
    LastBetween,
    Leaf,
    Stranger,
    StrangerAndRoot,
    Namesake,
    NamesakeAndRoot,
}

type Change = fn(&mut Plan);

/// What a case may have; at most one of each group.
#[rustfmt::skip]
const GROUPS: [&[(&str, Change)]; 6] = [
    // Names.
    &[
        ("upper case in the certificate", |plan| plan.names(&["DB.Example.COM"])),
        ("upper case in the URL", |plan| plan.host = "DB.EXAMPLE.com"),
        ("final dot in the URL", |plan| plan.host = "db.example.com."),
        ("final dot in the certificate", |plan| plan.names(&["db.example.com."])),
        ("several names", |plan| plan.names(&["a.example.org", "db.example.com", "b.example.org"])),
        ("another name", |plan| plan.names(&["db.example.org"])),
        ("a name above", |plan| plan.names(&["example.com"])),
        ("a name below", |plan| plan.names(&["a.db.example.com"])),
        ("wildcard", |plan| plan.names(&["*.example.com"])),
        ("wildcard in upper case", |plan| plan.names(&["*.EXAMPLE.COM"])),
        ("wildcard two labels above", |plan| { plan.host = "a.db.example.com"; plan.names(&["*.example.com"]) }),
        ("wildcard for its own domain", |plan| { plan.host = "example.com"; plan.names(&["*.example.com"]) }),
        ("wildcard in the middle", |plan| plan.names(&["db.*.com"])),
        ("wildcard in a label", |plan| plan.names(&["d*.example.com"])),
        ("wildcard twice", |plan| plan.names(&["*.*.com"])),
        ("wildcard for one label", |plan| { plan.host = "db.internal"; plan.names(&["*.internal"]) }),
        ("wildcard alone", |plan| { plan.host = "db"; plan.names(&["*"]) }),
        ("one label", |plan| { plan.host = "db"; plan.names(&["db"]) }),
        ("underscore", |plan| { plan.host = "my_db.example.com"; plan.names(&["my_db.example.com"]) }),
        ("punycode", |plan| { plan.host = "xn--bcher-kva.example.com"; plan.names(&["xn--bcher-kva.example.com"]) }),
        ("wildcard before punycode", |plan| { plan.host = "xn--bcher-kva.example.com"; plan.names(&["*.example.com"]) }),
        ("common name alone", |plan| { plan.names(&[]); plan.common_name(HOST) }),
        ("common name in upper case", |plan| { plan.names(&[]); plan.common_name("DB.EXAMPLE.COM") }),
        ("common name with wildcard", |plan| { plan.names(&[]); plan.common_name("*.example.com") }),
        ("common name alone + server's certificate in the CA file", |plan| { plan.names(&[]); plan.common_name(HOST); plan.trust(Trusted::Leaf) }),
        ("common name in upper case + server's certificate in the CA file", |plan| { plan.names(&[]); plan.common_name("DB.EXAMPLE.COM"); plan.trust(Trusted::Leaf) }),
        ("address as the common name + server's certificate in the CA file", |plan| { plan.host = "192.0.2.7"; plan.names(&[]); plan.common_name("192.0.2.7"); plan.trust(Trusted::Leaf) }),
        ("common name of another", |plan| { plan.names(&[]); plan.common_name("db.example.org") }),
        ("common name beside another name", |plan| { plan.names(&["db.example.org"]); plan.common_name(HOST) }),
        ("common name beside an address", |plan| { plan.sans(vec![ip("192.0.2.7")]); plan.common_name(HOST) }),
        ("common name beside an e-mail address", |plan| { plan.sans(vec![mail()]); plan.common_name(HOST) }),
        ("no name at all", |plan| plan.names(&[])),
        ("e-mail address and name", |plan| plan.sans(vec![mail(), dns(HOST)])),
        ("URI and name", |plan| plan.sans(vec![SanType::URI("https://db.example.com/".try_into().expect("ASCII")), dns(HOST)])),
        ("address", |plan| { plan.host = "192.0.2.7"; plan.sans(vec![ip("192.0.2.7")]) }),
        ("another address", |plan| { plan.host = "192.0.2.7"; plan.sans(vec![ip("192.0.2.8")]) }),
        ("IPv6 address", |plan| { plan.host = "[2001:db8::7]"; plan.sans(vec![ip("2001:db8::7")]) }),
        ("long form of an IPv6 address", |plan| { plan.host = "[2001:DB8:0:0::7]"; plan.sans(vec![ip("2001:db8::7")]) }),
        ("address as a name", |plan| { plan.host = "192.0.2.7"; plan.names(&["192.0.2.7"]) }),
        ("address as the common name", |plan| { plan.host = "192.0.2.7"; plan.names(&[]); plan.common_name("192.0.2.7") }),
        ("address for a name", |plan| { plan.host = "192.0.2.7"; plan.names(&[HOST]) }),
        ("name and address", |plan| { plan.host = "192.0.2.7"; plan.sans(vec![dns(HOST), ip("192.0.2.7")]) }),
    ],
    // What else the server's certificate says.
    &[
        ("server expired", |plan| plan.leaf.not_after = date_time_ymd(2021, 1, 1)),
        ("server not valid yet", |plan| plan.leaf.not_before = date_time_ymd(2080, 1, 1)),
        ("server valid after 2050", |plan| plan.leaf.not_after = date_time_ymd(2093, 1, 1)),
        ("server's dates the wrong way round", |plan| { plan.leaf.not_before = date_time_ymd(2080, 1, 1); plan.leaf.not_after = date_time_ymd(2021, 1, 1) }),
        ("server for servers and clients", |plan| plan.leaf.extended_key_usages = vec![Use::ServerAuth, Use::ClientAuth]),
        ("server for clients alone", |plan| plan.leaf.extended_key_usages = vec![Use::ClientAuth]),
        ("server for any use", |plan| plan.leaf.extended_key_usages = vec![Use::Any]),
        ("server for code signing", |plan| plan.leaf.extended_key_usages = vec![Use::CodeSigning]),
        ("server without extended use", |plan| plan.leaf.extended_key_usages = vec![]),
        ("server without digitalSignature", |plan| plan.leaf.key_usages = vec![Usage::KeyEncipherment]),
        ("server with keyAgreement alone", |plan| plan.leaf.key_usages = vec![Usage::KeyAgreement]),
        ("server with all usages", |plan| plan.leaf.key_usages = vec![Usage::DigitalSignature, Usage::KeyEncipherment, Usage::KeyCertSign]),
        ("server is a CA", |plan| plan.leaf.is_ca = CA),
        ("server says that it is no CA", |plan| plan.leaf.is_ca = IsCa::ExplicitNoCa),
        ("server has an unknown extension", |plan| plan.leaf.custom_extensions.push(unknown(false))),
        ("server has an unknown critical extension", |plan| plan.leaf.custom_extensions.push(unknown(true))),
        ("server has a policy", |plan| plan.leaf.custom_extensions.push(policy(false))),
        ("server has a critical policy", |plan| plan.leaf.custom_extensions.push(policy(true))),
        ("serial number 0", |plan| plan.leaf.serial_number = Some(SerialNumber::from_slice(&[0]))),
        ("serial number of 20 bytes", |plan| plan.leaf.serial_number = Some(SerialNumber::from_slice(&[0x7f; 20]))),
        ("serial number of 30 bytes", |plan| plan.leaf.serial_number = Some(SerialNumber::from_slice(&[0x7f; 30]))),
        ("server without a subject", |plan| plan.leaf.distinguished_name = DistinguishedName::new()),
    ],
    // The authority.
    &[
        ("root expired", |plan| plan.root.not_after = date_time_ymd(2021, 1, 1)),
        ("root not valid yet", |plan| plan.root.not_before = date_time_ymd(2080, 1, 1)),
        ("root without basic constraints", |plan| plan.root.is_ca = IsCa::NoCa),
        ("root says that it is no CA", |plan| plan.root.is_ca = IsCa::ExplicitNoCa),
        ("root without key usage", |plan| plan.root.key_usages = vec![]),
        ("root may not sign certificates", |plan| plan.root.key_usages = vec![Usage::DigitalSignature]),
        ("root for servers", |plan| plan.root.extended_key_usages = vec![Use::ServerAuth]),
        ("root for clients alone", |plan| plan.root.extended_key_usages = vec![Use::ClientAuth]),
        ("root allows none between", |plan| plan.root.is_ca = NONE_BETWEEN),
        ("root allows none between, one between", |plan| { plan.between(1); plan.root.is_ca = NONE_BETWEEN }),
        ("root allows the domain", |plan| plan.root.name_constraints = allows("example.com")),
        ("root allows the domain with a dot", |plan| plan.root.name_constraints = allows(".example.com")),
        ("root allows another domain", |plan| plan.root.name_constraints = allows("example.org")),
        ("root excludes the domain", |plan| plan.root.name_constraints = excludes("example.com")),
        ("root excludes another domain", |plan| plan.root.name_constraints = excludes("example.org")),
        ("root allows addresses", |plan| plan.root.name_constraints = allows_addresses()),
        ("root has an unknown critical extension", |plan| plan.root.custom_extensions.push(unknown(true))),
    ],
    // Those between, and a CA file that makes them needless.
    &[
        ("intermediate in the CA file instead", |plan| { plan.between(1); plan.order = Order::LeafAlone; plan.trust(Trusted::RootAndBetween) }),
        ("intermediate alone in the CA file", |plan| { plan.between(1); plan.trust(Trusted::LastBetween) }),
        ("server's certificate in the CA file", |plan| plan.trust(Trusted::Leaf)),
        ("one between", |plan| plan.between(1)),
        ("two between", |plan| plan.between(2)),
        ("between expired", |plan| plan.first_between().not_after = date_time_ymd(2021, 1, 1)),
        ("between not valid yet", |plan| plan.first_between().not_before = date_time_ymd(2080, 1, 1)),
        ("between without basic constraints", |plan| plan.first_between().is_ca = IsCa::NoCa),
        ("between says that it is no CA", |plan| plan.first_between().is_ca = IsCa::ExplicitNoCa),
        ("between without key usage", |plan| plan.first_between().key_usages = vec![]),
        ("between may not sign certificates", |plan| plan.first_between().key_usages = vec![Usage::DigitalSignature]),
        ("between for servers", |plan| plan.first_between().extended_key_usages = vec![Use::ServerAuth]),
        ("between for clients alone", |plan| plan.first_between().extended_key_usages = vec![Use::ClientAuth]),
        ("between for any use", |plan| plan.first_between().extended_key_usages = vec![Use::Any]),
        ("between allows none below, and there is none", |plan| plan.first_between().is_ca = NONE_BETWEEN),
        ("between allows none below, and there is one", |plan| { plan.between(2); plan.first_between().is_ca = NONE_BETWEEN }),
        ("between allows the domain", |plan| plan.first_between().name_constraints = allows("example.com")),
        ("between allows the domain with a dot", |plan| plan.first_between().name_constraints = allows(".example.com")),
        ("between allows another domain", |plan| plan.first_between().name_constraints = allows("example.org")),
        ("between excludes the domain", |plan| plan.first_between().name_constraints = excludes("example.com")),
        ("between has an unknown critical extension", |plan| plan.first_between().custom_extensions.push(unknown(true))),
        ("between has a critical policy", |plan| plan.first_between().custom_extensions.push(policy(true))),
    ],
    // The chain and the CA file.
    &[
        ("root in the chain", |plan| plan.order = Order::WithRoot),
        ("intermediate missing", |plan| { plan.between(1); plan.order = Order::LeafAlone }),
        ("chain backwards", |plan| { plan.between(2); plan.order = Order::Backwards }),
        ("chain twice", |plan| { plan.between(1); plan.order = Order::Twice }),
        ("a stranger in the chain", |plan| plan.order = Order::WithStranger),
        ("stranger in the CA file", |plan| plan.trust(Trusted::Stranger)),
        ("stranger and root in the CA file", |plan| plan.trust(Trusted::StrangerAndRoot)),
        ("namesake of the root in the CA file", |plan| plan.trust(Trusted::Namesake)),
        ("namesake and root in the CA file", |plan| plan.trust(Trusted::NamesakeAndRoot)),
    ],
    // Keys.
    &[
        ("root of P-384", |plan| plan.root_key = Kind::P384),
        ("root of Ed25519", |plan| plan.root_key = Kind::Ed25519),
        ("root of RSA", |plan| plan.root_key = Kind::Rsa),
        ("server of P-384", |plan| plan.leaf_key = Kind::P384),
        ("server of Ed25519", |plan| plan.leaf_key = Kind::Ed25519),
        ("server of RSA", |plan| plan.leaf_key = Kind::Rsa),
    ],
];

const CA: IsCa = IsCa::Ca(BasicConstraints::Unconstrained);
const NONE_BETWEEN: IsCa = IsCa::Ca(BasicConstraints::Constrained(0));

fn dns(name: &str) -> SanType {
    SanType::DnsName(name.try_into().expect("ASCII"))
}

fn ip(address: &str) -> SanType {
    SanType::IpAddress(address.parse().expect("an address"))
}

fn mail() -> SanType {
    SanType::Rfc822Name("admin@example.com".try_into().expect("ASCII"))
}

fn unknown(is_critical: bool) -> CustomExtension {
    let mut extension = CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5, 0]);
    extension.set_criticality(is_critical);
    extension
}

/// A certificate policy of somebody's own, 1.2.3.5.
fn policy(is_critical: bool) -> CustomExtension {
    let content = vec![0x30, 7, 0x30, 5, 6, 3, 0x2a, 3, 5];
    let mut extension = CustomExtension::from_oid_content(&[2, 5, 29, 32], content);
    extension.set_criticality(is_critical);
    extension
}

fn allows(domain: &str) -> Option<NameConstraints> {
    let permitted_subtrees = vec![GeneralSubtree::DnsName(domain.to_owned())];
    Some(NameConstraints { permitted_subtrees, excluded_subtrees: vec![] })
}

fn excludes(domain: &str) -> Option<NameConstraints> {
    let excluded_subtrees = vec![GeneralSubtree::DnsName(domain.to_owned())];
    Some(NameConstraints { permitted_subtrees: vec![], excluded_subtrees })
}

fn allows_addresses() -> Option<NameConstraints> {
    let network = GeneralSubtree::IpAddress(CidrSubnet::V4([192, 0, 2, 0], [255, 255, 255, 0]));
    Some(NameConstraints { permitted_subtrees: vec![network], excluded_subtrees: vec![] })
}

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.is_ca = CA;
    params.key_usages = vec![Usage::KeyCertSign, Usage::CrlSign];
    params.distinguished_name = named(name);
    (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2049, 1, 1));
    params
}

fn named(name: &str) -> DistinguishedName {
    let mut names = DistinguishedName::new();
    names.push(DnType::CommonName, name);
    names
}

impl Plan {
    fn good() -> Plan {
        let mut leaf = authority("the server");
        leaf.is_ca = IsCa::NoCa;
        leaf.key_usages = vec![Usage::DigitalSignature];
        leaf.extended_key_usages = vec![Use::ServerAuth];
        leaf.subject_alt_names = vec![dns(HOST)];
        Plan {
            host: HOST,
            root: authority("root"),
            between: Vec::new(),
            leaf,
            root_key: Kind::P256,
            leaf_key: Kind::P256,
            order: Order::Usual,
            trusted: Trusted::Root,
            opinions: 0,
        }
    }

    fn names(&mut self, names: &[&str]) {
        self.sans(names.iter().map(|name| dns(name)).collect());
    }

    fn sans(&mut self, names: Vec<SanType>) {
        self.leaf.subject_alt_names = names;
    }

    fn common_name(&mut self, name: &str) {
        self.leaf.distinguished_name = named(name);
    }

    fn trust(&mut self, trusted: Trusted) {
        self.trusted = trusted;
        self.opinions += 1;
    }

    /// Whether its features do not contradict each other. A server that is trusted as itself has nobody above it: curl looks
    /// at those whom it shows all the same, the others do not.
    fn is_of_a_piece(&self) -> bool {
        let stands_alone = self.between.is_empty() && self.root == authority("root");
        self.opinions < 2 && (self.trusted != Trusted::Leaf || stands_alone)
    }

    /// Has at least so many between.
    fn between(&mut self, count: usize) {
        while self.between.len() < count {
            self.between.push(authority(["first between", "second between"][self.between.len()]));
        }
    }

    fn first_between(&mut self) -> &mut CertificateParams {
        self.between(1);
        &mut self.between[0]
    }
}

/// Keys, made once: making RSA keys takes long.
pub struct Keys {
    roots: [KeyPair; 4],
    leaves: [KeyPair; 4],
    between: [KeyPair; 2],
    stranger: KeyPair,
    pub made: Made,
}

impl Keys {
    pub fn make() -> Keys {
        let key = |algorithm| KeyPair::generate_for(algorithm).expect("a key");
        let four = |name| {
            [
                key(&rcgen::PKCS_ECDSA_P256_SHA256),
                key(&rcgen::PKCS_ECDSA_P384_SHA384),
                key(&rcgen::PKCS_ED25519),
                KeyPair::from_pem(&made::key(name, "RSA -pkeyopt rsa_keygen_bits:2048")).expect("a key"),
            ]
        };
        let one = || key(&rcgen::PKCS_ECDSA_P256_SHA256);
        Keys { roots: four("root"), leaves: four("leaf"), between: [one(), one()], stranger: one(), made: Made::make() }
    }

    /// A server's key of the usual kind.
    pub fn leaf(&self) -> &KeyPair {
        &self.leaves[0]
    }
}

/// What a server shows: its chain, and the key of the first in it.
pub fn shown(chain: Vec<CertificateDer<'static>>, key: &KeyPair) -> Arc<CertifiedKey> {
    let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
    Arc::new(CertifiedKey::new(chain, any_supported_type(&key).expect("a key that signs")))
}

/// A certificate, signed.
fn issue(params: &CertificateParams, key: &KeyPair, by: (&CertificateParams, &KeyPair)) -> CertificateDer<'static> {
    params.signed_by(key, &Issuer::from_params(by.0, by.1)).expect("a certificate").into()
}

/// An authority with a server's certificate of it, both good.
pub fn plain(keys: &Keys) -> (CertificateDer<'static>, Arc<CertifiedKey>) {
    let plan = Plan::good();
    let root = issue(&plan.root, &keys.roots[0], (&plan.root, &keys.roots[0]));
    let leaf = issue(&plan.leaf, keys.leaf(), (&plan.root, &keys.roots[0]));
    (root, shown(vec![leaf], keys.leaf()))
}

/// A good authority that has issued nothing.
pub fn stranger(keys: &Keys, name: &str) -> CertificateDer<'static> {
    let params = authority(name);
    issue(&params, &keys.stranger, (&params, &keys.stranger))
}

/// A plan with some features.
fn draw(random: &mut Random) -> (Plan, Features) {
    let (mut plan, mut features) = (Plan::good(), Features::default());
    let mut groups: Vec<&[(&str, Change)]> = GROUPS.to_vec();
    // Mostly one or two, so that nearly all that a case has is what its verdict depends on.
    for _ in 0..*random.pick(&[0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 3]) {
        let group = groups.remove(random.below(groups.len()));
        let (names, change) = random.pick(group);
        change(&mut plan);
        names.split(" + ").for_each(|name| features.push(name));
    }
    (plan, features)
}

pub fn case(random: &mut Random, keys: &Keys) -> Case {
    // Once in a while one that is made by other means, alone.
    if random.once_in(20) {
        return keys.made.case(random, keys);
    }
    let (mut plan, mut features) = draw(random);
    while !plan.is_of_a_piece() {
        (plan, features) = draw(random);
    }
    // Whatever brought it in.
    if plan.root.is_ca == NONE_BETWEEN && !plan.between.is_empty() {
        features.push("one between that the root does not allow");
    }
    build(plan, features, keys)
}

fn build(plan: Plan, features: Features, keys: &Keys) -> Case {
    let (root_key, leaf_key) = (&keys.roots[plan.root_key as usize], &keys.leaves[plan.leaf_key as usize]);
    let root = issue(&plan.root, root_key, (&plan.root, root_key));
    let mut by = (&plan.root, root_key);
    let mut between = Vec::new();
    for (params, key) in plan.between.iter().zip(&keys.between) {
        between.push(issue(params, key, by));
        by = (params, key);
    }
    let leaf = issue(&plan.leaf, leaf_key, by);
    let mut chain: Vec<_> = [&leaf].into_iter().chain(between.iter().rev()).cloned().collect();
    match plan.order {
        Order::Usual => {}
        Order::WithRoot => chain.push(root.clone()),
        Order::LeafAlone => chain.truncate(1),
        Order::Backwards => chain[1..].reverse(),
        Order::Twice => chain.extend(chain.clone()),
        Order::WithStranger => chain.insert(1, stranger(keys, "a stranger")),
    }
    // With a key of the same kind, so that nothing but the signature tells them apart.
    let namesake = || {
        let params = authority("root");
        issue(&params, &keys.leaves[plan.root_key as usize], (&params, &keys.leaves[plan.root_key as usize]))
    };
    let trusted = match plan.trusted {
        Trusted::Root => vec![root],
        Trusted::RootAndBetween => between.into_iter().chain([root]).collect(),
        Trusted::LastBetween => between.pop().into_iter().collect(),
        Trusted::Leaf => vec![leaf],
        Trusted::Stranger => vec![stranger(keys, "a stranger")],
        Trusted::StrangerAndRoot => vec![stranger(keys, "a stranger"), root],
        Trusted::Namesake => vec![namesake()],
        Trusted::NamesakeAndRoot => vec![namesake(), root],
    };
    let ca: String = trusted.iter().map(|der| to_pem("CERTIFICATE", der)).collect();
    let shown: Vec<u8> = chain.iter().flat_map(|der| to_pem("CERTIFICATE", der).into_bytes()).collect();
    Case {
        features,
        url: format!("https://{}:14240/", plan.host),
        role: Role { shown: Some(crate::certificates::shown(chain, leaf_key)), answer: PLAIN.to_vec() },
        ca: Some(ca.into_bytes()),
        variables: None,
        expected: (200, b"{}".to_vec()),
        shown: String::from_utf8(shown).expect("text"),
    }
}
