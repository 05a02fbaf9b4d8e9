using System;
using System.Collections.Generic;
using System.Runtime.Serialization;
using System.Text.Json.Serialization;

namespace TigerGraphAuth
{
    /// <summary>
    /// Log in with tokens that an authorization server gives to this program: OAuth2 client credentials (RFC 6749,
    /// section 4.4). The server must be TigerGraph 4.1 or later and accept the tokens of this authorization server.
    /// </summary>
    /// <remarks>
    /// <para>The tokens are used as a <see cref="ConnectionOptions.Jwt"/> is, but renewed: in time, by one request however
    /// many threads ask. The client's id and secret are sent to the token endpoint alone. Where servers disagree on how
    /// they are sent, the library tries the header and the form, one after the other, and remembers what worked.</para>
    /// <para>The token endpoint is trusted if the system's trust store or a CA of the connection says so; pin, client
    /// certificate and <see cref="ConnectionOptions.InsecureTls"/> are for TigerGraph's server alone. Failures have the
    /// reasons <c>oauth2.refused</c>, <c>oauth2.unavailable</c>, and those of connections, time limits and TLS.</para>
    /// </remarks>
    public sealed class OAuth2Options
    {
        /// <summary>
        /// The address of the token endpoint, <c>https://login.example.com/oauth2/token</c>. Plain http only on this
        /// machine, whatever <see cref="ConnectionOptions.AllowHttp"/> says.
        /// </summary>
        public string? TokenUrl { get; set; }

        /// <summary>The client's id.</summary>
        public string? ClientId { get; set; }

        /// <summary>
        /// The client's secret. This, <see cref="ClientSecretFile"/> or the parameter <c>client_assertion</c> is needed.
        /// </summary>
        [IgnoreDataMember, Credential]
        public string? ClientSecret { get; set; }

        /// <summary>
        /// A file whose only line is the client's secret. It is read for every request to the token endpoint.
        /// </summary>
        public string? ClientSecretFile { get; set; }

        /// <summary>
        /// Further parameters of the requests, such as <c>scope</c>, <c>audience</c> or <c>resource</c>; one with an
        /// empty value is not sent. <c>client_auth</c> is not sent: it says how the client's secret is, <c>basic</c> (in
        /// the header, percent-encoded), <c>basic_raw</c> (in the header as it is) or <c>form</c>. <c>grant_type</c>,
        /// <c>client_id</c> and <c>client_secret</c> are refused.
        /// </summary>
        [IgnoreDataMember, JsonIgnore]
        public IDictionary<string, string> Parameters { get; } = new Dictionary<string, string>(StringComparer.Ordinal);
    }
}
