#if NETCOREAPP
using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Linq;
using System.Net.Http;
using System.Threading.Tasks;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using static Microsoft.Extensions.DependencyInjection.TigerGraphAuthServiceCollectionExtensions;
using Levels = Microsoft.Extensions.Logging.LogLevel;

namespace TigerGraphAuth.Tests
{
    /// <summary>The package for dependency injection.</summary>
    internal static class ExtensionsTests
    {
        private const string People = "/graph/MyGraph/vertices/Person?limit=3";

        public static async Task A_client_of_the_factory_is_ready_for_the_database(Standin standin)
        {
            using ServiceProvider provider = new ServiceCollection()
                .AddTigerGraphAuth(options => Copy(standin.Options(), options))
                .Services.BuildServiceProvider();
            var connection = provider.GetRequiredService<TigerGraphConnection>();
            Check.True(connection == provider.GetRequiredService<TigerGraphConnection>(), "there are two connections");
            standin.ForgetRequests();
            for (int i = 0; i < 3; i++)
            {
                using HttpClient client = provider.GetRequiredService<IHttpClientFactory>().CreateClient(ClientName);
                Check.Contains("\"results\":[", await client.GetStringAsync(connection.UriFor(People)));
            }
            // One of them is for the token.
            Check.Equal(4, standin.Requests().Length);
        }

        public static async Task Settings_come_from_a_section_of_the_configuration(Standin standin)
        {
            var values = new Dictionary<string, string?>
            {
                ["TigerGraph:Host"] = standin.Url,
                ["TigerGraph:Graph"] = "MyGraph",
                ["TigerGraph:Secret"] = standin.Secret,
                ["TigerGraph:CaFile"] = standin.CaFile,
                ["TigerGraph:ConnectTimeout"] = "00:00:07",
                ["TigerGraph:AddedCaFiles:0"] = "/nowhere/ca.pem",
                ["TigerGraph:OAuth2:TokenUrl"] = "https://login.example.com",
                ["TigerGraph:OAuth2:Parameters:scope"] = "tigergraph",
                ["TigerGraph:LogLevel"] = "Warning",
            };
            IConfiguration configuration = new ConfigurationBuilder().AddInMemoryCollection(values).Build();
            ConnectionOptions? bound = null;
            using ServiceProvider provider = new ServiceCollection()
                .AddTigerGraphAuth(configuration.GetSection("TigerGraph"))
                .AddTypedClient<PeopleClient>()
                .Services
                .PostConfigure<ConnectionOptions>(options =>
                {
                    bound = new ConnectionOptions
                    {
                        ConnectTimeout = options.ConnectTimeout,
                        AddedCaFiles = options.AddedCaFiles,
                        OAuth2 = options.OAuth2,
                        LogLevel = options.LogLevel,
                    };
                    options.AddedCaFiles = null;
                    options.OAuth2 = null;
                })
                .BuildServiceProvider();
            Check.Contains("\"results\":[", await provider.GetRequiredService<PeopleClient>().FirstAsync());
            Check.Equal(TimeSpan.FromSeconds(7), bound!.ConnectTimeout);
            Check.Equal("/nowhere/ca.pem", bound.AddedCaFiles!.Single());
            Check.Equal("https://login.example.com", bound.OAuth2!.TokenUrl);
            Check.Equal("tigergraph", bound.OAuth2.Parameters["scope"]);
            Check.Equal(LogLevel.Warning, bound.LogLevel);
        }

        public static async Task Lines_go_to_the_logger_and_no_token_does(Standin standin)
        {
            using var lines = new Lines();
            using ServiceProvider provider = new ServiceCollection()
                .AddLogging(builder => builder.SetMinimumLevel(Levels.Trace).AddProvider(lines))
                .AddTigerGraphAuth(options => Copy(standin.Options(), options))
                .Services.BuildServiceProvider();
            var connection = provider.GetRequiredService<TigerGraphConnection>();
            using HttpClient client = provider.GetRequiredService<IHttpClientFactory>().CreateClient(ClientName);
            await client.GetStringAsync(connection.UriFor(People));
            using Token token = connection.CurrentToken();
            string all = string.Join("\n", lines.All);
            Check.Contains("Debug TigerGraphAuth.TigerGraphConnection: ", all);
            // Those of the factory are there, with headers.
            Check.Contains("Trace System.Net.Http.HttpClient.TigerGraph.ClientHandler: Request Headers:", all);
            Check.Lacks(token.Value, all);
            Check.Lacks(standin.Secret, all);
        }

        public static void A_log_of_the_options_and_the_level_of_the_logger_count(Standin standin)
        {
            using var lines = new Lines();
            int mine = 0;
            using ServiceProvider own = Provide(standin, lines, Levels.Trace, options =>
            {
                options.Log = (level, line) => mine++;
                options.LogLevel = LogLevel.Debug;
            });
            own.GetRequiredService<TigerGraphConnection>().GetToken().Dispose();
            Check.True(mine > 0, "the log of the options was not called");
            using ServiceProvider quiet = Provide(
                standin, lines, Levels.Information, options => { });
            quiet.GetRequiredService<TigerGraphConnection>().GetToken().Dispose();
            Check.True(!lines.All.Any(line => line.StartsWith("Debug TigerGraphAuth")), "the logger got lines");
        }

        public static void Null_is_refused_and_a_wrong_setting_is_told(Standin standin)
        {
            var services = new ServiceCollection();
            Check.Throws<ArgumentNullException>(() => services.AddTigerGraphAuth((Action<ConnectionOptions>)null!));
            Check.Throws<ArgumentNullException>(() => services.AddTigerGraphAuth((IConfiguration)null!));
            using ServiceProvider provider = services
                .AddTigerGraphAuth(options => Copy(standin.Options(wrong => wrong.Host = "ftp://db"), options))
                .Services.BuildServiceProvider();
            Check.Fails(
                TigerGraphAuthStatus.InvalidArgument,
                "argument.url",
                () => provider.GetRequiredService<TigerGraphConnection>());
        }

        private static ServiceProvider Provide(
            Standin standin,
            Lines lines,
            Levels level,
            Action<ConnectionOptions> change) =>
            new ServiceCollection()
                .AddLogging(builder => builder.SetMinimumLevel(level).AddProvider(lines))
                .AddTigerGraphAuth(options => Copy(standin.Options(change), options))
                .Services.BuildServiceProvider();

        private static void Copy(ConnectionOptions from, ConnectionOptions to)
        {
            foreach (var property in typeof(ConnectionOptions).GetProperties())
            {
                property.SetValue(to, property.GetValue(from));
            }
        }

        private sealed class PeopleClient
        {
            private readonly HttpClient _client;
            private readonly TigerGraphConnection _connection;

            public PeopleClient(HttpClient client, TigerGraphConnection connection)
            {
                _client = client;
                _connection = connection;
            }

            public Task<string> FirstAsync() => _client.GetStringAsync(_connection.UriFor(People));
        }

        /// <summary>Keeps what is logged.</summary>
        private sealed class Lines : ILoggerProvider
        {
            public ConcurrentQueue<string> All { get; } = new ConcurrentQueue<string>();

            public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

            public void Dispose()
            {
            }

            private sealed class Logger : ILogger
            {
                private readonly Lines _lines;
                private readonly string _category;

                public Logger(Lines lines, string category)
                {
                    _lines = lines;
                    _category = category;
                }

                public IDisposable? BeginScope<TState>(TState state) => null;

                public bool IsEnabled(Levels logLevel) => true;

                public void Log<TState>(
                    Levels logLevel,
                    EventId eventId,
                    TState state,
                    Exception exception,
                    Func<TState, Exception, string> formatter) =>
                    _lines.All.Enqueue($"{logLevel} {_category}: {formatter(state, exception)}");
            }
        }
    }
}
#endif
