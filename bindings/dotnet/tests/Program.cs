using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using System.Reflection;
using System.Threading.Tasks;

namespace TigerGraphAuth.Tests
{
    /// <summary>
    /// A small runner, as there is no test framework to be had: every public method of the classes below is a test.
    /// One that takes a <see cref="Standin"/> is run against each of them. Arguments choose tests by parts of
    /// their names; "load", "environment", "leaks", "provider" and "wiping" make this the child process of a test.
    /// </summary>
    internal static class Program
    {
        private static readonly Type[] Classes =
        {
            typeof(HeaderTests), typeof(LoadingTests), typeof(EnvironmentTests), typeof(BadInputTests),
            typeof(BehaviourTests), typeof(CancellationTests), typeof(DisposalTests), typeof(LogTests),
            typeof(ThreadTests), typeof(CallThreadTests), typeof(RequestTests), typeof(HandlerTests),
            typeof(HttpClientTests),
#if NETCOREAPP
            typeof(SerializationTests), typeof(ExtensionsTests),
#endif
            typeof(OAuth2Tests), typeof(ProviderTests), typeof(WipingTests), typeof(LeakTests),
        };

        public static async Task<int> Main(string[] arguments)
        {
            switch (arguments.FirstOrDefault())
            {
                case "load":
                    return LoadingTests.Child();
                case "environment":
                    return EnvironmentTests.Child();
                case "leaks":
                    return LeakTests.Child(plant: arguments.Length > 1);
                case "provider":
                    return ProviderTests.Child();
                case "wiping":
                    return WipingTests.Child(arguments[1], arguments.ElementAtOrDefault(2));
            }
            using Standin old = Standin.Start("3.10", tls: false);
            using Standin oldTls = Standin.Start("3.10", tls: true);
            using Standin current = Standin.Start("4.2", tls: false);
            using Standin currentTls = Standin.Start("4.2", tls: true);
            var standins = new[] { old, oldTls, current, currentTls };
            int passed = 0;
            int failed = 0;
            foreach ((string name, Func<Task> test) in Tests(standins))
            {
                if (arguments.Length > 0 && !arguments.Any(name.Contains))
                {
                    continue;
                }
                var watch = Stopwatch.StartNew();
                try
                {
                    await test().ConfigureAwait(false);
                    Console.WriteLine($"ok      {name} ({watch.ElapsedMilliseconds} ms)");
                    passed++;
                }
                catch (Exception e)
                {
                    Console.WriteLine($"FAILED  {name}{Environment.NewLine}{e}");
                    failed++;
                }
            }
            Console.WriteLine($"{passed} passed, {failed} failed");
            return failed == 0 && passed > 0 ? 0 : 1;
        }

        private static IEnumerable<(string Name, Func<Task> Test)> Tests(Standin[] standins)
        {
            foreach (Type type in Classes)
            {
                if (Check.IsMono && type == typeof(ProviderTests))
                {
                    // As BadInputTests.Mono_has_no_token_providers says.
                    continue;
                }
                BindingFlags declared = BindingFlags.Public | BindingFlags.Static | BindingFlags.DeclaredOnly;
                foreach (MethodInfo method in type.GetMethods(declared))
                {
                    if (method.GetParameters().Length == 0)
                    {
                        yield return ($"{type.Name}.{method.Name}", () => Run(method));
                        continue;
                    }
                    foreach (Standin standin in standins)
                    {
                        yield return ($"{type.Name}.{method.Name} [{standin.Name}]", () => Run(method, standin));
                    }
                }
            }
        }

        private static Task Run(MethodInfo method, params object[] arguments)
        {
            try
            {
                return method.Invoke(null, arguments) as Task ?? Task.CompletedTask;
            }
            catch (TargetInvocationException e)
            {
                return Task.FromException(e.InnerException!);
            }
        }
    }
}
