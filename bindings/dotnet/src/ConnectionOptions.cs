using System;
using System.Collections.Generic;
using System.Runtime.Serialization;
using System.Text.Json.Serialization;

namespace TigerGraphAuth
{
    /// <summary>
    /// The settings of a connection. A property that is null, false or zero has its default.
    /// <see cref="TigerGraphConnection"/> checks all of them, names the wrong one, and keeps a copy.
    /// </summary>
    public sealed class ConnectionOptions
    {
        /// <summary>
        /// The server's address, as <c>https://db.example.com[:port][/base]</c> or <c>xyz.i.tgcloud.io</c>. Without a
        /// scheme https is meant; without a port 443 for hosts of TigerGraph Cloud, else 14240, and if that refuses,
        /// 9000 for token calls. User name, query and fragment are refused.
        /// </summary>
        public string? Host { get; set; }

        /// <summary>The graph that tokens are for and, before 4.1, that secrets belong to. Default: none.</summary>
        public string? Graph { get; set; }

        /// <summary>
        /// Log in with a user name and <see cref="Password"/> or <see cref="PasswordFile"/>. A connection has at most one
        /// login: this, <see cref="Secret"/>, <see cref="Jwt"/>, <see cref="OAuth2"/> or <see cref="TokenProvider"/>.
        /// </summary>
        public string? Username { get; set; }

        /// <summary>The password of <see cref="Username"/>.</summary>
        [IgnoreDataMember, Credential]
        public string? Password { get; set; }

        /// <summary>
        /// A file whose only line is the password of <see cref="Username"/>. It is read for every call that logs in.
        /// </summary>
        public string? PasswordFile { get; set; }

        /// <summary>Log in with a secret.</summary>
        [IgnoreDataMember, Credential]
        public string? Secret { get; set; }

        /// <summary>
        /// Log in with the secret that is the only line of this file. It is read for every call that logs in.
        /// </summary>
        public string? SecretFile { get; set; }

        /// <summary>
        /// A token to start with. With a login beside it, the login is used to get the next token; without one it is
        /// never renewed.
        /// </summary>
        [IgnoreDataMember, Credential]
        public string? ApiToken { get; set; }

        /// <summary>Log in with a JWT that another system issued. It is never renewed.</summary>
        [IgnoreDataMember, Credential]
        public string? Jwt { get; set; }

        /// <summary>
        /// Log in with the JWT that is the only line of this file. It is read again shortly before the JWT expires,
        /// when it has expired, and after a server has refused it.
        /// </summary>
        public string? JwtFile { get; set; }

        /// <summary>Log in with tokens that an authorization server gives to this program.</summary>
        public OAuth2Options? OAuth2 { get; set; }

        /// <summary>
        /// Log in with tokens that this function brings, such as those of an identity provider, a vault or a store that
        /// several processes share. They are used as a <see cref="Jwt"/> is, but renewed: the function is called when
        /// the first token is needed, in time before the end of one, and after one was rejected; once, however many
        /// threads need a token.
        /// </summary>
        /// <remarks>
        /// <para>It is called on a thread of the library's own with 1 MiB of stack and no synchronization context, never
        /// twice at once for a connection. It may block, but must return in the time of the request
        /// (<see cref="TokenProviderRequest.TimeLeft"/>): until it has, calls that need a token fail.</para>
        /// <para>If it has no token, it throws <see cref="TokenProviderException"/>, or passes on a
        /// <see cref="TigerGraphAuthException"/> of another connection. Of any other exception callers get the type, but
        /// not the message, which may have a credential in it.</para>
        /// <para>On its thread it may use other connections; a call that needs a token of its own connection fails with
        /// <c>argument.recursion</c>. The <c>Async</c> methods of its own connection, and calls on other threads that it
        /// waits for, wait until the time is over.</para>
        /// <para>Not under Mono (<see cref="PlatformNotSupportedException"/>): its collector could wait for ever for the
        /// library's thread.</para>
        /// </remarks>
        [IgnoreDataMember, JsonIgnore]
        public Func<TokenProviderRequest, ProvidedToken>? TokenProvider { get; set; }

        /// <summary>The port of REST++ (9000 before 4.1), from 1 to 65535. Default: the port of the address.</summary>
        public int RestppPort { get; set; }

        /// <summary>
        /// The port of the gateway (14240), from 1 to 65535. Default: the port of the address. Where both ports are
        /// the same, REST++ is asked below <c>/restpp</c>.
        /// </summary>
        public int GsqlPort { get; set; }

        /// <summary>Whether the server is in TigerGraph Cloud. Default: by the host name.</summary>
        public bool? IsCloud { get; set; }

        /// <summary>The server's version, such as <c>3.10</c>. With it the library does not ask the server for its
        /// version.</summary>
        public string? ServerVersion { get; set; }

        /// <summary>
        /// A file with the CA certificates to trust, in PEM, at most 4 MiB. Default: the system's trust store.
        /// </summary>
        public string? CaFile { get; set; }

        /// <summary>
        /// More files with CA certificates to trust, beside the system's trust store or beside those of
        /// <see cref="CaFile"/> or <see cref="CaPem"/>.
        /// </summary>
        public IReadOnlyList<string>? AddedCaFiles { get; set; }

        /// <summary>The CA certificates to trust, as PEM text, instead of a file.</summary>
        public string? CaPem { get; set; }

        /// <summary>
        /// A file with the certificate chain to show to servers that ask for one, in PEM; goes with
        /// <see cref="ClientKeyFile"/>.
        /// </summary>
        public string? ClientCertificateFile { get; set; }

        /// <summary>A file with the private key of <see cref="ClientCertificateFile"/>, in PEM.</summary>
        public string? ClientKeyFile { get; set; }

        /// <summary>
        /// The SHA-256 of the server's SubjectPublicKeyInfo, in Base64: only this key is accepted. Without a CA
        /// setting it replaces the check of the chain, but not that of host name and dates; together with a CA
        /// setting, both must match.
        /// </summary>
        public string? PinSha256 { get; set; }

        /// <summary>Accept any certificate, so anybody between client and server can read everything. Only for
        /// tests. Logs one warning.</summary>
        public bool InsecureTls { get; set; }

        /// <summary>Allow plain http to other machines; anybody in between can read the credentials.</summary>
        public bool AllowHttp { get; set; }

        /// <summary>
        /// The limit for one attempt to connect: name lookup, TCP and TLS. Default: 5 seconds. It is not possible to
        /// have no limit.
        /// </summary>
        public TimeSpan? ConnectTimeout { get; set; }

        /// <summary>
        /// The limit for a whole call, everything included. Default: 30 seconds. For one call:
        /// <see cref="TigerGraphConnection.WithTimeout"/>.
        /// </summary>
        public TimeSpan? TotalTimeout { get; set; }

        /// <summary>
        /// An HTTP proxy as <c>http://proxy:3128</c>, or <c>env</c> for the one that the environment names. Default:
        /// none, whatever the environment says.
        /// </summary>
        [IgnoreDataMember, Credential]
        public string? Proxy { get; set; }

        /// <summary>
        /// The value of the User-Agent header. Default: <c>tigergraph-auth/</c> and the library's version.
        /// </summary>
        public string? UserAgent { get; set; }

        /// <summary>The lifetime of tokens if a call gives none. Default: the server's.</summary>
        public TimeSpan? TokenLifetime { get; set; }

        /// <summary>
        /// How long before it expires a token is renewed. Default: a fifth of its lifetime, at most 24 hours.
        /// </summary>
        public TimeSpan? RenewBefore { get; set; }

        /// <summary>
        /// A private folder in which processes of the same user share tokens, encrypted: of those that need one, one
        /// asks the server. <c>user</c>: a folder in the user's cache folder; <c>none</c>: no cache, whatever the
        /// environment says. For logins with a secret, with user name and password, or with <see cref="OAuth2"/>.
        /// Default: TG_TOKEN_CACHE if the environment is loaded, else none.
        /// </summary>
        public string? TokenCache { get; set; }

        /// <summary>
        /// Fill what is not set here from the environment: TG_HOST, TG_GRAPHNAME, TG_SECRET, TG_CERT_PATH and the others
        /// that the C header lists at tg_config_load_env; with TG_DEFAULT_PROFILE=x or TG_PROFILE=x, X_TG_HOST and so on
        /// come first. Login and token come from one place: if one is set here, none is looked for.
        /// </summary>
        /// <remarks>
        /// This is the environment that the process was started with. On Unix,
        /// <see cref="Environment.SetEnvironmentVariable(string, string)"/> does not change it.
        /// </remarks>
        public bool LoadEnvironment { get; set; }

        /// <summary>
        /// The same with the profile of this name, whatever TG_DEFAULT_PROFILE and TG_PROFILE say: the variables
        /// NAME_TG_HOST and so on come first. A profile without variables is an error.
        /// </summary>
        public string? Profile { get; set; }

        /// <summary>
        /// Fill what neither is set here nor comes from the environment from this file of variables (.env). With a
        /// credential in it the file must be private.
        /// </summary>
        public string? EnvironmentFile { get; set; }

        /// <summary>
        /// Takes the log lines. It is called on any thread, and on several at once. What it throws is ignored: no
        /// exception may reach the library. Default: nowhere.
        /// </summary>
        [IgnoreDataMember, JsonIgnore]
        public Action<LogLevel, string>? Log { get; set; }

        /// <summary>The lines that go to <see cref="Log"/>: this level and what matters more.</summary>
        public LogLevel LogLevel { get; set; } = LogLevel.Information;
    }
}
