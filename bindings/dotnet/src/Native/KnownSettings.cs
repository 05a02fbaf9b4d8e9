using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text.RegularExpressions;

namespace TigerGraphAuth
{
    /// <summary>What the settings of a connection come to, wherever they came from.</summary>
    internal sealed class KnownSettings
    {
        // No setting that is read here has a character in it that JSON escapes; others may have some.
        private static readonly Regex Setting = new Regex(@"""(\w+)"":\{""value"":""((?:[^""\\]|\\.)*)""");

        private readonly Dictionary<string, string> _values;

        /// <summary>Reads the report of a diagnosis.</summary>
        public KnownSettings(DiagnosticReport report) =>
            _values = Setting.Matches(report.Json, report.Json.IndexOf("\"settings\":", StringComparison.Ordinal))
                .Cast<Match>()
                .ToDictionary(match => match.Groups[1].Value, match => match.Groups[2].Value);

        public Origin Origin =>
            new Origin(
                Value("host"),
                new[] { Value("restpp_port"), Value("gsql_port"), Value("ssl_port") }
                    .Where(port => port.Length > 0)
                    .Select(port => int.Parse(port, CultureInfo.InvariantCulture)));

        /// <summary>Whether the connection trusts the authorities of a setting, and not those of the system.</summary>
        public bool HasOwnCa => Value("ca_file").Length > 0 || Value("ca_pem").Length > 0;

        public bool IsInsecure => Value("insecure_tls") == "on";

        public bool HasPin => Value("pin_sha256").Length > 0;

        public bool HasClientCertificate => Value("client_cert").Length > 0;

        /// <summary>Empty without one; <c>env</c> for that of the environment.</summary>
        public string Proxy => Value("proxy");

        private string Value(string name) => _values.TryGetValue(name, out string? value) ? value : string.Empty;
    }
}
