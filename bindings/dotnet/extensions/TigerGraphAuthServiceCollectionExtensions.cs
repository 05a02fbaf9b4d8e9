using System;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using TigerGraphAuth;

// Where programs have it without another using.
namespace Microsoft.Extensions.DependencyInjection
{
    /// <summary>Registers a connection to TigerGraph, and an HttpClient that is ready for it.</summary>
    public static class TigerGraphAuthServiceCollectionExtensions
    {
        /// <summary>The name of the client, for <c>IHttpClientFactory.CreateClient</c>.</summary>
        public const string ClientName = "TigerGraph";

        /// <summary>
        /// Registers one <see cref="TigerGraphConnection"/> for the program, with these settings, and the client
        /// <see cref="ClientName"/>, whose requests to the servers of the connection get its token.
        /// </summary>
        /// <remarks>
        /// <para>The connection is made when it is first asked for: a wrong setting is a
        /// <see cref="TigerGraphAuthException"/> there. Its log goes to <see cref="ILogger"/>, in the category of
        /// <see cref="TigerGraphConnection"/>, unless <see cref="ConnectionOptions.Log"/> is set.</para>
        /// <para>The token is added below all handlers of the client, so that no log of its requests has it.</para>
        /// <para>Options are changed further as all options are, by <c>services.Configure</c> of
        /// <see cref="ConnectionOptions"/>: so those from a configuration get a
        /// <see cref="ConnectionOptions.TokenProvider"/>.</para>
        /// </remarks>
        /// <param name="services">Where to.</param>
        /// <param name="configure">Sets the options.</param>
        /// <returns>The client, for what else it is to have, such as <c>AddTypedClient</c>.</returns>
        /// <exception cref="ArgumentNullException">One of them is null.</exception>
        public static IHttpClientBuilder AddTigerGraphAuth(
            this IServiceCollection services, Action<ConnectionOptions> configure) =>
            Add(services.Configure(configure ?? throw new ArgumentNullException(nameof(configure))));

        /// <summary>The same with the settings in a section of the configuration, such as <c>"TigerGraph"</c>.</summary>
        /// <param name="services">Where to.</param>
        /// <param name="configuration">The section: its keys are the names of the properties of
        /// <see cref="ConnectionOptions"/>. Changes after the connection was made have no effect on it.</param>
        /// <returns>The client, for what else it is to have, such as <c>AddTypedClient</c>.</returns>
        /// <exception cref="ArgumentNullException">One of them is null.</exception>
        public static IHttpClientBuilder AddTigerGraphAuth(
            this IServiceCollection services, IConfiguration configuration) =>
            Add(services.Configure<ConnectionOptions>(
                configuration ?? throw new ArgumentNullException(nameof(configuration))));

        private static IHttpClientBuilder Add(IServiceCollection services)
        {
            services.AddOptions<ConnectionOptions>().PostConfigure<ILoggerFactory>(LogTo);
            services.TryAddSingleton(provider =>
                new TigerGraphConnection(provider.GetRequiredService<IOptions<ConnectionOptions>>().Value));
            // Below all other handlers: that of the factory logs the headers of each request at the level of traces.
            return services.AddHttpClient(ClientName).ConfigurePrimaryHttpMessageHandler(provider =>
            {
                TigerGraphConnection connection = provider.GetRequiredService<TigerGraphConnection>();
                return new AuthorizationHandler(connection, connection.CreateHttpHandler());
            });
        }

        private static void LogTo(ConnectionOptions options, ILoggerFactory factory)
        {
            if (options.Log != null)
            {
                return;
            }
            ILogger logger = factory.CreateLogger(typeof(TigerGraphConnection).FullName);
            options.Log = (level, line) => logger.Log(Level(level), "{Line}", line);
            if (logger.IsEnabled(Logging.LogLevel.Debug))
            {
                options.LogLevel = TigerGraphAuth.LogLevel.Debug;
            }
        }

        private static Logging.LogLevel Level(TigerGraphAuth.LogLevel level) =>
            level switch
            {
                TigerGraphAuth.LogLevel.Error => Logging.LogLevel.Error,
                TigerGraphAuth.LogLevel.Warning => Logging.LogLevel.Warning,
                TigerGraphAuth.LogLevel.Information => Logging.LogLevel.Information,
                _ => Logging.LogLevel.Debug,
            };
    }
}
