using System;
using System.Collections.Generic;
using System.Linq;
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
    /// <para>The token goes to the servers of the connection and to <see cref="Hosts"/>, and nowhere else, and over https
    /// alone if the connection is https. Requests to other places, and those that have an Authorization header of their
    /// own, are passed on as they are, with a line for each at <see cref="LogLevel.Debug"/> in the log of the connection
    /// that says why.</para>
    /// <para>A server of the connection gets the token on the port of its address; if the address has none, on 443,
    /// 14240 and 9000; and on <see cref="ConnectionOptions.RestppPort"/>, <see cref="ConnectionOptions.GsqlPort"/> and
    /// the ports of variables, such as TG_SSL_PORT.</para>
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
        private readonly Origin _origin;

        /// <summary>A handler whose InnerHandler is set by the caller, as IHttpClientFactory does.</summary>
        /// <param name="connection">Where tokens come from.</param>
        /// <exception cref="ArgumentNullException"><paramref name="connection"/> is null.</exception>
        public AuthorizationHandler(TigerGraphConnection connection)
        {
            _connection = connection ?? throw new ArgumentNullException(nameof(connection));
            _origin = connection.Settings().Origin;
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

        /// <summary>
        /// Further servers that get the token, as <c>db2.example.com:9000</c> or, for the port of the scheme,
        /// <c>db2.example.com</c>. To be filled before the first request.
        /// </summary>
        public ICollection<string> Hosts { get; } = new List<string>();

        /// <inheritdoc/>
        protected override async Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request, CancellationToken cancellationToken)
        {
            string? reason = ReasonToWithhold(request);
            if (reason != null)
            {
                string? place = request.RequestUri?.IsAbsoluteUri == true
                    ? request.RequestUri.GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped)
                    : null;
                _connection.WriteDebugLine($"no token for a request to {place ?? "nowhere"}: {reason}");
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

        /// <summary>Why a request does not get the token; null if it does.</summary>
        private string? ReasonToWithhold(HttpRequestMessage request)
        {
            if (request.Headers.Contains("Authorization"))
            {
                return "it has an Authorization header";
            }
            if (request.RequestUri?.IsAbsoluteUri != true)
            {
                return "it is to no server";
            }
            if (request.RequestUri.Scheme != Uri.UriSchemeHttps && !_origin.IsPlain)
            {
                return "the connection is over https";
            }
            bool isOurs = _origin.Has(request.RequestUri) || Hosts.Any(host => Origin.IsAt(request.RequestUri, host));
            return isOurs ? null : "it is no server of the connection";
        }
    }
}
