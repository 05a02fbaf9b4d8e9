using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;

namespace TigerGraphAuth
{
    // The library waits on the thread that calls it. These methods give it one of their own, none of the pool.
    public sealed partial class TigerGraphConnection
    {
        /// <summary>As <see cref="GetServerVersion"/>, without blocking the caller's thread.</summary>
        /// <inheritdoc cref="GetServerVersion"/>
        public Task<Version> GetServerVersionAsync(CancellationToken cancellationToken = default) =>
            CallThreads.Run(() => GetServerVersion(cancellationToken), cancellationToken);

        /// <summary>As <see cref="GetSecrets"/>, without blocking the caller's thread.</summary>
        /// <inheritdoc cref="GetSecrets"/>
        public Task<IReadOnlyList<Secret>> GetSecretsAsync(
            string? user = null, CancellationToken cancellationToken = default) =>
            CallThreads.Run(() => GetSecrets(user, cancellationToken), cancellationToken);

        /// <summary>As <see cref="GetSecret"/>, without blocking the caller's thread.</summary>
        /// <inheritdoc cref="GetSecret"/>
        public Task<Secret> GetSecretAsync(
            string alias, string? user = null, CancellationToken cancellationToken = default) =>
            CallThreads.Run(() => GetSecret(alias, user, cancellationToken), cancellationToken);

        /// <summary>As <see cref="CreateSecret"/>, without blocking the caller's thread.</summary>
        /// <inheritdoc cref="CreateSecret"/>
        public Task<Secret> CreateSecretAsync(
            string? alias = null,
            string? value = null,
            string? user = null,
            CancellationToken cancellationToken = default) =>
            CallThreads.Run(() => CreateSecret(alias, value, user, cancellationToken), cancellationToken);

        /// <summary>As <see cref="EnsureSecret"/>, without blocking the caller's thread.</summary>
        /// <inheritdoc cref="EnsureSecret"/>
        public Task<Secret> EnsureSecretAsync(string alias, CancellationToken cancellationToken = default) =>
            CallThreads.Run(() => EnsureSecret(alias, cancellationToken), cancellationToken);

        /// <summary>As <see cref="DropSecret"/>, without blocking the caller's thread.</summary>
        /// <inheritdoc cref="DropSecret"/>
        public Task DropSecretAsync(
            string alias,
            string? user = null,
            bool ignoreMissing = false,
            CancellationToken cancellationToken = default) =>
            CallThreads.Run(() => DropSecret(alias, user, ignoreMissing, cancellationToken), cancellationToken);

        /// <summary>As <see cref="DropSecrets"/>, without blocking the caller's thread.</summary>
        /// <inheritdoc cref="DropSecrets"/>
        public Task<int> DropSecretsAsync(
            IEnumerable<string> aliases,
            string? user = null,
            bool ignoreMissing = false,
            CancellationToken cancellationToken = default) =>
            CallThreads.Run(() => DropSecrets(aliases, user, ignoreMissing, cancellationToken), cancellationToken);

        /// <summary>As <see cref="GetToken"/>, without blocking the caller's thread.</summary>
        /// <inheritdoc cref="GetToken"/>
        public Task<Token> GetTokenAsync(
            string? secret = null,
            TimeSpan? lifetime = null,
            TokenOptions options = TokenOptions.None,
            CancellationToken cancellationToken = default) =>
            CallThreads.Run(() => GetToken(secret, lifetime, options, cancellationToken), cancellationToken);

        /// <summary>As <see cref="RefreshToken"/>, without blocking the caller's thread.</summary>
        /// <inheritdoc cref="RefreshToken"/>
        public Task<Token> RefreshTokenAsync(
            string? secret = null,
            string? oldToken = null,
            TimeSpan? lifetime = null,
            TokenOptions options = TokenOptions.None,
            CancellationToken cancellationToken = default) =>
            CallThreads.Run(
                () => RefreshToken(secret, oldToken, lifetime, options, cancellationToken), cancellationToken);

        /// <summary>As <see cref="DeleteToken"/>, without blocking the caller's thread.</summary>
        /// <inheritdoc cref="DeleteToken"/>
        public Task DeleteTokenAsync(
            string? secret = null,
            string? token = null,
            bool ignoreMissing = false,
            CancellationToken cancellationToken = default) =>
            CallThreads.Run(() => DeleteToken(secret, token, ignoreMissing, cancellationToken), cancellationToken);

        /// <summary>As <see cref="CheckJwtToken"/>, without blocking the caller's thread.</summary>
        /// <inheritdoc cref="CheckJwtToken"/>
        public Task<bool> CheckJwtTokenAsync(string jwt, CancellationToken cancellationToken = default) =>
            CallThreads.Run(() => CheckJwtToken(jwt, cancellationToken), cancellationToken);

        /// <summary>As <see cref="CheckToken"/>, without blocking the caller's thread.</summary>
        /// <inheritdoc cref="CheckToken"/>
        public Task<bool> CheckTokenAsync(Token token, CancellationToken cancellationToken = default) =>
            CallThreads.Run(() => CheckToken(token, cancellationToken), cancellationToken);

        /// <summary>As <see cref="GetAuthorization"/>, without blocking the caller's thread.</summary>
        /// <inheritdoc cref="GetAuthorization"/>
        public Task<Token> GetAuthorizationAsync(CancellationToken cancellationToken = default) =>
            CallThreads.Run(() => GetAuthorization(cancellationToken), cancellationToken);

        /// <summary>As <see cref="Send"/>, without blocking the caller's thread.</summary>
        /// <inheritdoc cref="Send"/>
        public Task<DatabaseResponse> SendAsync(
            DatabaseRequest request, CancellationToken cancellationToken = default) =>
            CallThreads.Run(() => Send(request, cancellationToken), cancellationToken);

        /// <summary>As <see cref="Diagnose"/>, without blocking the caller's thread.</summary>
        /// <inheritdoc cref="Diagnose"/>
        public Task<DiagnosticReport> DiagnoseAsync(
            bool offline = false, CancellationToken cancellationToken = default) =>
            CallThreads.Run(() => Diagnose(offline, cancellationToken), cancellationToken);
    }
}
