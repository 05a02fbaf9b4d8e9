// The same as fresh.c in C#.
using System;
using System.Diagnostics;
using System.Globalization;
using TigerGraphAuth;

internal static class Fresh
{
    private const string Token = "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjQxMDI0NDQ4MDB9.c2lnbmF0dXJl";

    private static void Authorize(TigerGraphConnection connection, int calls)
    {
        for (int i = 0; i < calls; i++)
        {
            using (connection.GetAuthorization())
            {
            }
        }
    }

    private static void Main()
    {
        var options = new ConnectionOptions { Host = "http://127.0.0.1:1", ApiToken = Token };
        using var connection = new TigerGraphConnection(options);
        while (Console.ReadLine() is string line)
        {
            int calls = int.Parse(line, CultureInfo.InvariantCulture);
            Authorize(connection, calls);
            var watch = Stopwatch.StartNew();
            Authorize(connection, calls);
            double took = watch.ElapsedTicks * 1e9 / Stopwatch.Frequency / calls;
            Console.WriteLine(took.ToString(CultureInfo.InvariantCulture));
        }
    }
}
