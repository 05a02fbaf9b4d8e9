using System;
using System.Linq;
using System.Net.Http;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.RegularExpressions;

namespace TigerGraphAuth
{
    /// <summary>The CA certificates that a connection trusts, for an <see cref="HttpClientHandler"/>.</summary>
    internal sealed class Authorities
    {
        private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";

        private static readonly Regex Pem =
            new Regex("-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----([^-]+)-----END", RegexOptions.CultureInvariant);

        // What a certificate of an authority that the system does not know may be called.
        private const X509ChainStatusFlags Unknown =
            X509ChainStatusFlags.UntrustedRoot | X509ChainStatusFlags.PartialChain;

        // X509Chain tries one certificate of a name. A new one of an authority often has the name of the old one, so each
        // of these sets has another of them.
        private readonly X509Certificate2[][] _sets;
        private readonly bool _besideSystem;

        /// <param name="pem">The certificates.</param>
        /// <param name="besideSystem">Whether what the system trusts is trusted too.</param>
        public Authorities(string pem, bool besideSystem)
        {
            X509Certificate2[][] byName = Pem.Matches(pem).Cast<Match>()
                .Select(match => new X509Certificate2(Convert.FromBase64String(match.Groups[1].Value)))
                .GroupBy(certificate => certificate.Subject)
                .Select(group => group.ToArray())
                .ToArray();
            int most = byName.Select(group => group.Length).DefaultIfEmpty().Max();
            _sets = Enumerable.Range(0, most)
                .Select(i => byName.Select(group => group[Math.Min(i, group.Length - 1)]).ToArray())
                .ToArray();
            _besideSystem = besideSystem;
        }

        /// <summary>To be the handler's ServerCertificateCustomValidationCallback.</summary>
        public bool Accept(
            HttpRequestMessage request, X509Certificate2 certificate, X509Chain sent, SslPolicyErrors errors)
        {
            // Another host's certificate, or none, stays refused.
            if (certificate == null || (errors & ~SslPolicyErrors.RemoteCertificateChainErrors) != SslPolicyErrors.None)
            {
                return false;
            }
            return (_besideSystem && errors == SslPolicyErrors.None)
                || _sets.Any(authorities => IsIssued(certificate, sent, authorities));
        }

        /// <summary>Whether a chain of good certificates leads from this one to one of the authorities.</summary>
        private static bool IsIssued(X509Certificate2 certificate, X509Chain? sent, X509Certificate2[] authorities)
        {
            using var chain = new X509Chain();
            chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
            // Only the root may be unknown; which one it is, is looked at below.
            chain.ChainPolicy.VerificationFlags = X509VerificationFlags.AllowUnknownCertificateAuthority;
            chain.ChainPolicy.ApplicationPolicy.Add(new Oid(ServerAuthentication));
            chain.ChainPolicy.ExtraStore.AddRange(authorities);
            if (sent != null)
            {
                chain.ChainPolicy.ExtraStore.AddRange(sent.ChainPolicy.ExtraStore);
            }
            chain.Build(certificate);
            foreach (X509ChainElement element in chain.ChainElements)
            {
                if (element.ChainElementStatus.Any(status => (status.Status & ~Unknown) != 0))
                {
                    return false;
                }
                if (authorities.Any(one => one.RawData.SequenceEqual(element.Certificate.RawData)))
                {
                    return true;
                }
            }
            return false;
        }
    }
}
