using System;
using System.Collections.Generic;
using System.Linq;

namespace TigerGraphAuth
{
    /// <summary>Where the servers of a connection are: what may get its token.</summary>
    internal sealed class Origin
    {
        // The ports that an address without one may mean.
        private static readonly int[] UsualPorts = { 443, 14240, 9000 };

        private readonly List<(string Host, int[] Ports)> _places = new List<(string, int[])>();

        /// <summary>Reads an address that the library has accepted, or several with commas between them.</summary>
        public Origin(string hosts, IEnumerable<int> ports)
        {
            foreach (string part in hosts.Split(',').Select(part => part.Trim()))
            {
                string address = part.Contains("://") ? part : "https://" + part;
                if (!Uri.TryCreate(address, UriKind.Absolute, out Uri? uri))
                {
                    // No request is to this.
                    continue;
                }
                IEnumerable<int> own = HasPort(address) ? new[] { uri.Port } : UsualPorts;
                _places.Add((uri.IdnHost, own.Concat(ports).ToArray()));
                IsPlain = uri.Scheme == Uri.UriSchemeHttp;
            }
        }

        /// <summary>Whether the connection is over http, so that the token may be.</summary>
        public bool IsPlain { get; }

        /// <summary>Whether a request goes to one of the servers.</summary>
        public bool Has(Uri uri) => _places.Any(place => IsHost(uri, place.Host) && place.Ports.Contains(uri.Port));

        /// <summary>Whether a request goes to this server, as <c>host:port</c>, or <c>host</c> for the port of the
        /// scheme.</summary>
        public static bool IsAt(Uri uri, string host) =>
            Uri.TryCreate($"{uri.Scheme}://{host}", UriKind.Absolute, out Uri? place)
            && IsHost(uri, place.IdnHost)
            && uri.Port == place.Port;

        private static bool IsHost(Uri uri, string host) =>
            string.Equals(uri.IdnHost, host, StringComparison.OrdinalIgnoreCase);

        /// <summary>A Uri does not tell a port that was written from that of its scheme.</summary>
        private static bool HasPort(string address)
        {
            string authority = address.Substring(address.IndexOf("://", StringComparison.Ordinal) + 3).Split('/')[0];
            return authority.LastIndexOf(':') > authority.LastIndexOf(']');
        }
    }
}
