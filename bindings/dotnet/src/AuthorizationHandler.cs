using System;
using System.Net;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Threading;
using System.Threading.Tasks;

namespace TigerGraphAuth
{
    /// <summary>
    /// Puts the Authorization header on the requests of an <see cref="HttpClient"/> to the database. If the database
    /// refuses the token (401 or 403 with code REST-10016 or REST-10019), the request is sent once more with a new one.
    /// </summary>
    /// <remarks>
    /// <para>The token goes to the host of the connection alone, and over https if the connection is https. Requests to
    /// other places, and those that have an Authorization header of their own, are passed on as they are.</para>
    /// <para>A request can be sent again if it has no content, or content that is in memory or at most 1 MiB long,
    /// which is kept meanwhile. If there is no second try, or no new token, the database's answer is the result, to be
    /// read as ever. A refusal longer than 1 MiB is an <see cref="HttpRequestException"/>.</para>
    /// <para>The connection is not disposed of with the handler. The handler sends asynchronously only:
    /// HttpClient.Send of .NET 5 and later passes it by.</para>
    /// </remarks>
    public sealed class AuthorizationHandler : DelegatingHandler
    {
        private const int MaxKept = 1 << 20;

        private readonly TigerGraphConnection _connection;
        private readonly Uri _address;

        /// <summary>A handler whose InnerHandler is set by the caller, as IHttpClientFactory does.</summary>
        /// <param name="connection">Where tokens come from.</param>
        /// <exception cref="ArgumentNullException"><paramref name="connection"/> is null.</exception>
        public AuthorizationHandler(TigerGraphConnection connection)
        {
            _connection = connection ?? throw new ArgumentNullException(nameof(connection));
            _address = new Uri(connection.Url(Server.Gateway));
        }

        /// <summary>A handler that sends by another one.</summary>
        /// <param name="connection">Where tokens come from.</param>
        /// <param name="innerHandler">What sends the requests, such as an <see cref="HttpClientHandler"/>.</param>
        /// <exception cref="ArgumentNullException">One of them is null.</exception>
        public AuthorizationHandler(TigerGraphConnection connection, HttpMessageHandler innerHandler)
            : this(connection)
        {
            InnerHandler = innerHandler ?? throw new ArgumentNullException(nameof(innerHandler));
        }

        /// <inheritdoc/>
        protected override async Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.Headers.Authorization != null || !IsOurs(request.RequestUri))
            {
                return await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
            }
            Uri? address = request.RequestUri;
            bool repeatable = await KeepAsync(request.Content).ConfigureAwait(false);
            using Token token = await _connection.GetAuthorizationAsync(cancellationToken).ConfigureAwait(false);
            HttpResponseMessage response = await SendWithAsync(token, request, cancellationToken).ConfigureAwait(false);
            try
            {
                // After a redirect the address is another, and the token was not sent there.
                bool redirected = request.RequestUri != address;
                if (redirected || !await RefusesAsync(response, cancellationToken).ConfigureAwait(false))
                {
                    return response;
                }
                _connection.RejectToken(token);
                if (!repeatable)
                {
                    return response;
                }
                using Token? next = await NextTokenAsync(cancellationToken).ConfigureAwait(false);
                if (next == null)
                {
                    return response;
                }
                response.Dispose();
                return await SendWithAsync(next, request, cancellationToken).ConfigureAwait(false);
            }
            catch
            {
                response.Dispose();
                throw;
            }
        }

        /// <summary>Whether the content can be sent twice; one of moderate length is kept for that.</summary>
        private static async Task<bool> KeepAsync(HttpContent? content)
        {
            if (content == null || content is ByteArrayContent)
            {
                return true;
            }
            if (content.Headers.ContentLength == null || content.Headers.ContentLength > MaxKept)
            {
                return false;
            }
            await content.LoadIntoBufferAsync().ConfigureAwait(false);
            return true;
        }

        /// <summary>Whether this is an answer that refuses the token. It stays readable.</summary>
        private static async Task<bool> RefusesAsync(HttpResponseMessage response, CancellationToken cancellationToken)
        {
            if (response.StatusCode != HttpStatusCode.Unauthorized && response.StatusCode != HttpStatusCode.Forbidden)
            {
                return false;
            }
            using (cancellationToken.Register(response.Dispose))
            {
                try
                {
                    await response.Content.LoadIntoBufferAsync(MaxKept).ConfigureAwait(false);
                    byte[] body = await response.Content.ReadAsByteArrayAsync().ConfigureAwait(false);
                    return TigerGraphConnection.IsTokenRefused(Server.Restpp, (int)response.StatusCode, body);
                }
                catch (Exception e) when (cancellationToken.IsCancellationRequested)
                {
                    throw new OperationCanceledException(e.Message, e, cancellationToken);
                }
            }
        }

        /// <summary>Another token; null if there is none to be had.</summary>
        private async Task<Token?> NextTokenAsync(CancellationToken cancellationToken)
        {
            try
            {
                return await _connection.GetAuthorizationAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (TigerGraphAuthException)
            {
                return null;
            }
        }

        private async Task<HttpResponseMessage> SendWithAsync(
            Token token, HttpRequestMessage request, CancellationToken cancellationToken)
        {
            string value = token.Value;
            if (value.Length > 0)
            {
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", value);
            }
            try
            {
                return await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                // A request is often logged when it is over, with its headers.
                request.Headers.Authorization = null;
            }
        }

        private bool IsOurs(Uri? uri) =>
            uri != null
            && uri.IsAbsoluteUri
            && string.Equals(uri.IdnHost, _address.IdnHost, StringComparison.OrdinalIgnoreCase)
            && (uri.Scheme == Uri.UriSchemeHttps || _address.Scheme == Uri.UriSchemeHttp);
    }
}
