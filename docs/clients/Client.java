// Java: the JDBC driver of xerial.
import java.sql.*;

public class Client {
    public static void main(String[] arguments) throws Exception {
        String insert = "INSERT INTO smq_messages(topic, payload, priority, headers) VALUES (?, ?, ?, ?)";
        try (Connection db = DriverManager.getConnection("jdbc:sqlite:" + arguments[0] + "?busy_timeout=10000")) {
            try (PreparedStatement add = db.prepareStatement(insert, Statement.RETURN_GENERATED_KEYS)) {
                add.setString(1, "mail");
                add.setString(2, "text");
                add.setNull(3, Types.INTEGER);
                add.setNull(4, Types.VARCHAR);
                add.executeUpdate();
                try (ResultSet keys = add.getGeneratedKeys()) {
                    keys.next();
                    System.out.println(keys.getLong(1));
                }
                add.setBytes(2, new byte[] {0, (byte) 0xff});
                add.executeUpdate();
            }
            try (Statement ignoring = db.createStatement()) {
                ignoring.executeUpdate("INSERT OR IGNORE INTO smq_messages(topic, payload, priority) VALUES ('mail', 'x', 101)");
            } catch (SQLException error) {
                System.out.println(error.getMessage());
            }
        }
    }
}
