import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.elasticsearch.common.logging.LogConfigurator;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.node.InternalSettingsPreparer;
import org.elasticsearch.node.Node;

/**
 * Runs one Elasticsearch node until it gets SIGTERM or SIGINT. The published
 * jars hold the server and no start program; this is one. With the property
 * huicun.until.stdin.ends it also ends, at once, with its standard input, so
 * that it does not outlive who started it.
 *
 * Arguments: the folder of elasticsearch.yml, then settings as key=value, which
 * win over those of the file.
 */
public final class HuicunNode {
    public static void main(String[] args) throws Exception {
        // Before any class of the server makes its logger.
        LogConfigurator.configureESLogging();
        Settings.Builder settings = Settings.builder();
        for (int i = 1; i < args.length; i++) {
            String[] pair = args[i].split("=", 2);
            settings.put(pair[0], pair[1]);
        }
        Environment env = InternalSettingsPreparer.prepareEnvironment(
                settings.build(), Map.of(), Path.of(args[0]), () -> "node");
        LogConfigurator.configureWithoutConfig(env.settings());
        Node node = new Node(env);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> close(node)));
        node.start();
        // The threads of a node do not keep its process alive.
        if (!Boolean.getBoolean("huicun.until.stdin.ends")) {
            new CountDownLatch(1).await();
        }
        while (System.in.read() >= 0) {}
        Runtime.getRuntime().halt(1);
    }

    private static void close(Node node) {
        try {
            node.close();
            node.awaitClose(30, TimeUnit.SECONDS);
        } catch (Exception e) {
            System.err.println("the node did not close well: " + e);
        }
    }
}
