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
        using var connection = new TigerGraphConnection(new ConnectionOptions { Host = "http://127.0.0.1:1", ApiToken = Token });
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
