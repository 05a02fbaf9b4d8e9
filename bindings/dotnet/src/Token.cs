using System;
using System.Runtime.Serialization;

namespace TigerGraphAuth
{
    /// <summary>
    /// A token: its value, its header, its end. Immutable, for any number of threads, and stays as it is whatever
    /// happens to the connection. Dispose of it to have the library's copy wiped at once.
    /// </summary>
    public sealed class Token : IDisposable
    {
        internal Token(TokenHandle handle) => Handle = handle;

        internal TokenHandle Handle { get; }

        /// <summary>The token itself; empty if REST++ authentication is off.</summary>
        /// <exception cref="ObjectDisposedException">The token was disposed of.</exception>
        [IgnoreDataMember, Credential]
        public string Value => Read(NativeMethods.tg_token_value);

        /// <summary>
        /// The value of the Authorization header: <c>Bearer</c> and the token; empty if REST++ authentication is off.
        /// </summary>
        /// <exception cref="ObjectDisposedException">The token was disposed of.</exception>
        [IgnoreDataMember, Credential]
        public string Header => Read(NativeMethods.tg_token_header);

        /// <summary>When the token expires; null if unknown.</summary>
        /// <exception cref="ObjectDisposedException">The token was disposed of.</exception>
        public DateTimeOffset? ExpiresAt
        {
            get
            {
                Handle.ThrowIfClosed(nameof(Token));
                long seconds = NativeMethods.tg_token_expires_at(Handle);
                return seconds == 0 ? (DateTimeOffset?)null : Duration.SinceEpoch(seconds);
            }
        }

        /// <summary>The same as text, such as <c>2026-11-23T17:05:45Z</c>; null if unknown.</summary>
        /// <exception cref="ObjectDisposedException">The token was disposed of.</exception>
        public string? Expiration
        {
            get
            {
                string text = Read(NativeMethods.tg_token_expiration);
                return text.Length == 0 ? null : text;
            }
        }

        /// <summary>
        /// The address where this token is good, as <see cref="TigerGraphConnection.Url"/> tells it: append the path of
        /// a request. It never changes.
        /// </summary>
        /// <param name="server">A part of TigerGraph.</param>
        /// <returns>The address, without a slash at the end.</returns>
        /// <exception cref="ArgumentOutOfRangeException">There is no such part.</exception>
        /// <exception cref="ObjectDisposedException">The token was disposed of.</exception>
        public string Url(Server server) =>
            Address.Of(server, Read(token => NativeMethods.tg_token_url(token, (int)server)));

        /// <summary>The address of a request that this token is good for.</summary>
        /// <param name="path">Begins with a slash, is percent-encoded, and may have a query.</param>
        /// <param name="server">A part of TigerGraph.</param>
        /// <returns>The address.</returns>
        /// <exception cref="ArgumentNullException"><paramref name="path"/> is null.</exception>
        /// <exception cref="ArgumentException">The path does not begin with a slash.</exception>
        /// <exception cref="ArgumentOutOfRangeException">There is no such part.</exception>
        /// <exception cref="ObjectDisposedException">The token was disposed of.</exception>
        public Uri UriFor(string path, Server server = Server.Restpp) => Address.Join(Url(server), path);

        /// <summary>Frees the token; the library wipes it when nothing else uses it.</summary>
        public void Dispose() => Handle.Dispose();

        /// <summary>When the token ends, without the token.</summary>
        /// <returns>Text that may be logged.</returns>
        public override string ToString()
        {
            try
            {
                return $"Token (expires {Expiration ?? "at an unknown time"})";
            }
            catch (ObjectDisposedException)
            {
                return "Token (disposed)";
            }
        }

        private string Read(Func<TokenHandle, IntPtr> text) =>
            Handle.Read(nameof(Token), () => NativeText.Read(text(Handle)));
    }
}
