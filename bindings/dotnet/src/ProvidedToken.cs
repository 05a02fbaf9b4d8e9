using System;
using System.Runtime.Serialization;

namespace TigerGraphAuth
{
    /// <summary>What a <see cref="ConnectionOptions.TokenProvider"/> brings.</summary>
    public sealed class ProvidedToken
    {
        /// <summary>A token, and when it expires.</summary>
        /// <param name="value">The token, without <c>Bearer</c> before it: 8 to 8192 letters, digits and characters of
        /// <c>-._~+/=</c>. Those who wait for anything else get the status <see cref="TigerGraphAuthStatus.Protocol"/>.
        /// </param>
        /// <param name="expiresAt">When it expires. Null: as a JWT says itself, else unknown; then it is renewed after
        /// 15 minutes.</param>
        /// <exception cref="ArgumentNullException"><paramref name="value"/> is null.</exception>
        public ProvidedToken(string value, DateTimeOffset? expiresAt = null)
        {
            Value = value ?? throw new ArgumentNullException(nameof(value));
            ExpiresAt = expiresAt;
        }

        /// <summary>The token.</summary>
        [IgnoreDataMember, Credential]
        public string Value { get; }

        /// <summary>When it expires; null: as a JWT says itself, else unknown.</summary>
        public DateTimeOffset? ExpiresAt { get; }

        /// <summary>Says when the token expires, and nothing of its value.</summary>
        /// <returns>Text that may be logged.</returns>
        public override string ToString() =>
            ExpiresAt == null ? "ProvidedToken" : $"ProvidedToken (expires {ExpiresAt.Value.UtcDateTime:s}Z)";
    }
}
