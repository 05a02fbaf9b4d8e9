using System;
using System.Threading;
#if !NETSTANDARD2_0
using System.Runtime.InteropServices;
#endif

namespace TigerGraphAuth
{
    // Requests to the database, by this library or by another HTTP client.
    public sealed partial class TigerGraphConnection
    {
        /// <summary>
        /// The CA certificates of <see cref="ConnectionOptions.CaFile"/> or <see cref="ConnectionOptions.CaPem"/> and
        /// of <see cref="ConnectionOptions.AddedCaFiles"/>, in PEM: for an HTTP client that is to trust whom this
        /// library trusts. Null where there are none, because the system's trust store, a pin alone or
        /// <see cref="ConnectionOptions.InsecureTls"/> decides, and for plain http.
        /// </summary>
        /// <exception cref="ObjectDisposedException">The connection was disposed of.</exception>
        public string? CaPem =>
            _handle.Read(
                nameof(TigerGraphConnection), () => NativeText.ReadOrNull(NativeMethods.tg_conn_ca_pem(_handle)));

        /// <summary>
        /// Whether an answer that your own HTTP client got says that the token is refused. Then call
        /// <see cref="RejectToken"/> and <see cref="GetAuthorization"/>, and send the request once more.
        /// <see cref="Send"/> and <see cref="AuthorizationHandler"/> do all of this themselves. Sends nothing.
        /// </summary>
        /// <param name="server">The part of TigerGraph that answered.</param>
        /// <param name="httpStatus">The HTTP status of the answer.</param>
        /// <param name="body">The body of the answer, complete.</param>
        /// <returns>Whether the token is refused. A token that is valid, but not allowed to do this, is not.</returns>
        /// <exception cref="DllNotFoundException">The native library is missing or of another version.</exception>
        /// <exception cref="ArgumentNullException"><paramref name="body"/> is null.</exception>
        public static unsafe bool IsTokenRefused(Server server, int httpStatus, byte[] body)
        {
            int length = (body ?? throw new ArgumentNullException(nameof(body))).Length;
            fixed (byte* bytes = body)
            {
                return Refuses(server, httpStatus, (IntPtr)bytes, length);
            }
        }

#if !NETSTANDARD2_0
        /// <inheritdoc cref="IsTokenRefused(Server, int, byte[])"/>
        public static unsafe bool IsTokenRefused(Server server, int httpStatus, ReadOnlySpan<byte> body)
        {
            // The span itself has no way to be pinned that all versions of Mono know.
            fixed (byte* bytes = &MemoryMarshal.GetReference(body))
            {
                return Refuses(server, httpStatus, (IntPtr)bytes, body.Length);
            }
        }
#endif

        /// <summary>
        /// The address that requests of this connection begin with: scheme, host, port unless it is the scheme's own,
        /// and base path, as <c>https://db.example.com:14240/restpp</c>. Sends nothing. After a request it may be
        /// another, if the library has found the server elsewhere; ask again for each request, or ask the token
        /// (<see cref="Token.Url"/>).
        /// </summary>
        /// <param name="server">A part of TigerGraph.</param>
        /// <returns>The address, without a slash at the end.</returns>
        /// <exception cref="ArgumentOutOfRangeException">There is no such part.</exception>
        /// <exception cref="ObjectDisposedException">The connection was disposed of.</exception>
        public string Url(Server server) =>
            Address.Of(
                server,
                _handle.Read(
                    nameof(TigerGraphConnection),
                    () => NativeText.Read(NativeMethods.tg_conn_url(_handle, (int)server))));

        /// <summary>The address of a request, see <see cref="Url"/>.</summary>
        /// <param name="path">Begins with a slash, is percent-encoded, and may have a query.</param>
        /// <param name="server">A part of TigerGraph.</param>
        /// <returns>The address.</returns>
        /// <exception cref="ArgumentNullException"><paramref name="path"/> is null.</exception>
        /// <exception cref="ArgumentException">The path does not begin with a slash.</exception>
        /// <exception cref="ArgumentOutOfRangeException">There is no such part.</exception>
        /// <exception cref="ObjectDisposedException">The connection was disposed of.</exception>
        public Uri UriFor(string path, Server server = Server.Restpp) => Address.Join(Url(server), path);

        /// <summary>
        /// Sends a request with a token as <see cref="GetAuthorization"/> gives it, or without one where authentication
        /// is off, and waits for the whole answer. A redirect, a compressed answer and one over its limit are errors;
        /// every other complete answer is a result, whatever its HTTP status.
        /// </summary>
        /// <remarks>
        /// A refused token is rejected, and the request sent once more with a new one, if the connection has a login to
        /// get one. Nothing else is repeated once a byte of the request was written. If there is no complete answer
        /// then, the status is <see cref="TigerGraphAuthStatus.UnknownOutcome"/>, for GET and HEAD the failure itself.
        /// </remarks>
        /// <param name="request">The request.</param>
        /// <param name="cancellationToken">Stops the call.</param>
        /// <returns>The answer.</returns>
        /// <exception cref="ArgumentNullException"><paramref name="request"/> is null.</exception>
        /// <exception cref="ArgumentException">A text in the request has a NUL character in it.</exception>
        public DatabaseResponse Send(DatabaseRequest request, CancellationToken cancellationToken = default)
        {
            using RequestHandle handle =
                NativeRequest.From(request ?? throw new ArgumentNullException(nameof(request)));
            return Call(cancellationToken, connection =>
            {
                int status = NativeMethods.tg_send(
                    connection, handle, out ResponseHandle response, out IntPtr error);
                TigerGraphAuthException.ThrowIfFailed(status, error);
                return new DatabaseResponse(response);
            });
        }

        private static bool Refuses(Server server, int httpStatus, IntPtr body, int length)
        {
            NativeLoader.EnsureLoaded();
            return NativeMethods.tg_is_token_refused((int)server, httpStatus, body, (UIntPtr)length) != 0;
        }
    }
}
